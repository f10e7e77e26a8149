package dev.jackdaw.model.generate;

/// Watches the part of an answer in which a model thinks, and ends it when its budget is spent.
///
/// @param opens  what begins the thinking; it counts only at the beginning of the answer
/// @param closes what ends it
/// @param force  tokens that end it when the budget is spent
/// @param budget tokens to think with; -1: as many as the model likes
/// @param inside the prompt already opened it
public record Thinking(String opens, String closes, int[] force, int budget, boolean inside) {
    /// How far an answer is.
    final class State {
        private final StringBuilder text = new StringBuilder();
        private boolean thinks = inside;
        private boolean decided = inside;
        private int tokens;

        boolean thinks() {
            return thinks;
        }

        boolean isSpent() {
            return thinks && budget >= 0 && tokens >= budget;
        }

        void accept(String piece) {
            if (decided && !thinks) {
                return;
            }
            text.append(piece);
            if (!decided) {
                String so = text.toString().stripLeading();
                if (so.startsWith(opens)) {
                    decided = true;
                    thinks = true;
                } else if (!opens.startsWith(so)) {
                    decided = true;
                }
                return;
            }
            tokens++;
            int from = Math.max(0, text.length() - piece.length() - closes.length());
            if (text.indexOf(closes, from) >= 0) {
                thinks = false;
            }
        }
    }

    State start() {
        return new State();
    }
}
