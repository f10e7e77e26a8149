package dev.jackdaw.model.generate;

import dev.jackdaw.model.token.TokenList;
import java.util.List;

/// A model that is read ahead (speculative decoding). Writing one token costs about as much as reading several, since every weight must
/// come from memory either way. So a [Drafter] guesses the next tokens, the model reads them all in one pass, and the sampler goes through
/// the logits one after the other for as long as the guesses hold. What follows a wrong guess is forgotten.
///
/// The text is what the model alone would have written: with greedy choice token by token the same, and with sampling in the same
/// distribution, by the rejection rule of Leviathan et al. (2023) and Chen et al. (2023) in [Sampler#choose(float[], Proposal)].
///
/// It stands in the place of the model's own [Predictor]; the loop above it only has to hand [Predictor.Past#proposal] to the sampler.
public final class Speculation implements Predictor {
    /// The length of a guess grows while guesses hold and shrinks when they do not (the schedule of transformers' assisted generation).
    private static final int FIRST = 4;
    private static final int MORE = 2;

    private final Predictor target;
    private final Drafter drafter;
    private final Sampling sampling;
    private final int most;
    private long drafted;
    private long accepted;
    private long passes;

    /// @param passes   of the model, after the prompt
    /// @param drafted  tokens that were guessed
    /// @param accepted guesses that became part of the text
    public record Statistics(long passes, long drafted, long accepted) {
    }

    /// @param most tokens to guess at once
    public Speculation(Predictor target, Drafter drafter, Sampling sampling, int most) {
        if (most < 1) {
            throw new IllegalArgumentException("speculate: " + most + " tokens at once; give at least 1");
        }
        this.target = target;
        this.drafter = drafter;
        this.sampling = sampling;
        this.most = most;
    }

    /// Since the beginning, over all texts.
    public Statistics statistics() {
        return new Statistics(passes, drafted, accepted);
    }

    @Override
    public int context() {
        return target.context();
    }

    @Override
    public Past newText(int capacity) {
        return new Text(capacity);
    }

    private final class Text implements Past {
        private final int capacity;
        private final Past past;
        private final Drafter.Guesser guesser;
        private final TokenList text = new TokenList();          // what is settled
        private List<Proposal> ahead = List.of();                // what the model has read beyond it, from `next` on
        private float[][] rows;                                  // after the settled token and after each guess
        private int next;
        private int length = Math.min(FIRST, most);

        Text(int capacity) {
            this.capacity = capacity;
            past = target.newText(capacity);
            guesser = drafter.newText(capacity, sampling);
        }

        @Override
        public float[] logits(int... tokens) {
            Proposal proposal = proposal();
            if (proposal != null && tokens.length == 1 && tokens[0] == proposal.token()) {
                text.add(tokens[0]);
                accepted++;
                return rows[++next];
            }
            forget();
            text.addAll(tokens);
            if (tokens.length > 1) {
                return past.logits(tokens);
            }
            passes++;
            List<Proposal> guesses = guesser.guess(text, Math.min(length, capacity - text.size()));
            if (guesses.isEmpty()) {
                return past.logits(tokens);
            }
            int[] all = new int[1 + guesses.size()];
            all[0] = tokens[0];
            for (int i = 0; i < guesses.size(); i++) {
                all[i + 1] = guesses.get(i).token();
            }
            rows = past.allLogits(all);
            ahead = guesses;
            next = 0;
            drafted += guesses.size();
            return rows[0];
        }

        /// Ends a round: what was not confirmed leaves the model's memory.
        private void forget() {
            if (ahead.isEmpty()) {
                return;
            }
            if (next < ahead.size()) {
                past.truncate(text.size());
                length = Math.max(1, length - 1);
            } else {
                length = Math.min(most, length + MORE);
            }
            ahead = List.of();
            next = 0;
        }

        @Override
        public Proposal proposal() {
            return next < ahead.size() ? ahead.get(next) : null;
        }

        @Override
        public void truncate(int tokens) {
            if (tokens > text.size()) {
                throw new IllegalArgumentException("speculate: cannot keep " + tokens + " of " + text.size() + " tokens");
            }
            ahead = List.of();
            next = 0;
            past.truncate(tokens);
            int[] kept = text.toArray();
            text.clear();
            text.addAll(kept, 0, tokens);
        }

        @Override
        public void close() {
            past.close();
            guesser.close();
        }
    }
}
