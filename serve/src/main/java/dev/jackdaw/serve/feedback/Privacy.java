package dev.jackdaw.serve.feedback;

import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.ServerSettings.Keep;
import java.util.List;
import java.util.Locale;

/// What is kept of what people say, and for how long.
///
/// | keep         | what is stored                                                                                          |
/// |--------------|---------------------------------------------------------------------------------------------------------|
/// | `nothing`    | nothing, not even what people send in                                                                   |
/// | `feedback`   | what people send in: ratings, comparisons and labels, with the conversations they are about             |
/// | `flagged`    | also answers that a check flags                                                                         |
/// | `everything` | every answer                                                                                            |
///
/// @param days       until it is deleted; 0: never
/// @param namesUsers users are stored by name, not by a hash of it
public record Privacy(Keep keep, int days, boolean namesUsers) {
    /// Nobody's conversation is kept unless they send it in.
    public static final Privacy STANDARD = new Privacy(Keep.FEEDBACK, 90, false);

    public Privacy {
        if (days < 0) {
            throw new IllegalArgumentException("privacy: " + days + " days; expected 0 (for ever) or more");
        }
    }

    public static Privacy of(ServerSettings.Data data) {
        return new Privacy(data.keep(), data.retentionDays(), false);
    }

    /// Is an answer kept that nobody has said anything about?
    boolean keeps(List<Flag> flags) {
        return keep == Keep.EVERYTHING || keep == Keep.FLAGGED && !flags.isEmpty();
    }

    public String label() {
        return keep.name().toLowerCase(Locale.ROOT);
    }

    /// For people.
    public String describe() {
        String what = switch (keep) {
            case NOTHING -> "Nothing that is asked or answered is stored.";
            case FEEDBACK -> "A conversation is stored only if somebody sends it in with a rating, a comparison or a label.";
            case FLAGGED -> "A conversation is stored if somebody sends it in, or if an automatic check flags the answer.";
            case EVERYTHING -> "Every conversation is stored.";
        };
        return keep == Keep.NOTHING ? what : what + (days == 0 ? " It is kept until it is erased." : " It is deleted after " + days + (days == 1 ? " day." : " days."))
                + (namesUsers ? " Users are stored by name." : " Users are stored as a hash of their name.");
    }
}
