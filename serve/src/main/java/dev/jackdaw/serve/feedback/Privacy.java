package dev.jackdaw.serve.feedback;

import java.util.List;

/// What is kept of what people say, and for how long.
///
/// @param stored     which answers
/// @param days       until it is deleted; 0: never
/// @param namesUsers users are stored by name, not by a hash of it
public record Privacy(Stored stored, int days, boolean namesUsers) {
    /// From nothing to everything; each includes what stands before it.
    public enum Stored {
        /// Nothing, not even what people send in as feedback.
        NOTHING,
        /// What people send in: ratings, comparisons and labels, with the conversations they are about.
        FEEDBACK,
        /// Also answers that a check flags.
        FLAGGED,
        /// Every answer.
        EVERYTHING;

        public String label() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /// Nobody's conversation is kept unless they send it in.
    public static final Privacy STANDARD = new Privacy(Stored.FEEDBACK, 365, false);

    public Privacy {
        if (days < 0) {
            throw new IllegalArgumentException("privacy: " + days + " days; expected 0 (for ever) or more");
        }
    }

    /// @throws IllegalArgumentException with the names that there are
    public static Stored stored(String label) {
        for (Stored each : Stored.values()) {
            if (each.label().equals(label)) {
                return each;
            }
        }
        throw new IllegalArgumentException("privacy: " + label + " is not known; expected nothing, feedback, flagged or everything");
    }

    /// Is an answer kept that nobody has said anything about?
    boolean keeps(List<Flag> flags) {
        return stored == Stored.EVERYTHING || stored == Stored.FLAGGED && !flags.isEmpty();
    }

    /// For people.
    public String describe() {
        String what = switch (stored) {
            case NOTHING -> "Nothing that is asked or answered is stored.";
            case FEEDBACK -> "A conversation is stored only if somebody sends it in with a rating, a comparison or a label.";
            case FLAGGED -> "A conversation is stored if somebody sends it in, or if an automatic check flags the answer.";
            case EVERYTHING -> "Every conversation is stored.";
        };
        return stored == Stored.NOTHING ? what : what + (days == 0 ? " It is kept until it is erased." : " It is deleted after " + days + (days == 1 ? " day." : " days."))
                + (namesUsers ? " Users are stored by name." : " Users are stored as a hash of their name.");
    }
}
