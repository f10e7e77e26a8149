package dev.jackdaw.model.generate;

/// What happens to a prompt that leaves no room for the answer. Nothing is ever dropped silently.
public enum Overflow {
    /// An error with both numbers.
    REFUSE,
    /// The oldest tokens go, but for the one that begins the text.
    TRIM_START,
    /// The first and the last part stay.
    TRIM_MIDDLE;

    /// What was dropped.
    ///
    /// @param from    position of the first token that was dropped
    /// @param dropped how many
    /// @param of      tokens of the whole prompt
    public record Trim(int from, int dropped, int of) {
        @Override
        public String toString() {
            return dropped + " of " + of + " prompt tokens were dropped, from position " + from + ", to fit into the context";
        }
    }

    /// How to fit `prompt` tokens and `room` new ones into `context`; null if they fit.
    ///
    /// @param hasStart the first token begins the text and stays
    Trim trim(int prompt, int room, int context, boolean hasStart) {
        if ((long) prompt + room <= context) {
            return null;
        }
        int keep = context - room, first = hasStart ? 1 : 0;
        if (this == REFUSE || keep < first + 1) {
            throw new IllegalArgumentException("generate: " + prompt + " prompt tokens and " + room + " new ones exceed the model's context of " + context
                    + (context > prompt ? "; lower --max-tokens to " + (context - prompt) : "; shorten the prompt")
                    + (this == REFUSE ? ", or allow cutting with --overflow trim-start or trim-middle" : ""));
        }
        int from = this == TRIM_START ? first : Math.max(first, keep / 2);
        return new Trim(from, prompt - keep, prompt);
    }
}
