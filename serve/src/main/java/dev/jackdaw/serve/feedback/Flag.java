package dev.jackdaw.serve.feedback;

/// What an automatic check found wrong with an answer.
///
/// @param detail one line for people
public record Flag(Kind kind, String detail) {
    /// What can be wrong; the name in lower case is written and asked for.
    public enum Kind {
        /// It declines.
        REFUSAL,
        /// It says the same again and again.
        REPETITION,
        /// A call of a function that nobody can carry out.
        TOOL,
        /// It does not fit the schema that was asked for.
        SCHEMA,
        /// A guard objected.
        GUARD,
        /// It took too long.
        LATENCY,
        /// It says nothing.
        EMPTY,
        /// It ended because no more tokens were allowed.
        LENGTH;

        public String label() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }

        /// Null if there is none of that name.
        static Kind of(String label) {
            for (Kind kind : values()) {
                if (kind.label().equals(label)) {
                    return kind;
                }
            }
            return null;
        }
    }
}
