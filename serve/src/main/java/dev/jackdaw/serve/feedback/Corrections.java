package dev.jackdaw.serve.feedback;

import java.util.List;
import java.util.Set;

/// What a better model can be made of: what people said should have been answered.
public interface Corrections {
    /// Corrections since then, oldest first, those of one moment in the order of their ids: ratings that are thumbs down with a corrected answer, and
    /// the answers that labellers wrote or combined. What says the same as the given answer corrects nothing and is not among them.
    ///
    /// @param time in epoch milliseconds; what was said at that very moment is included
    List<Correction> since(long time);

    /// Preferences since then, in the same order: comparisons of two answers, the choices of labellers, and each correction against the answer it corrects.
    List<Preference> preferences(long time);

    /// Which collection this is: another one never has the same. Empty for what is no collection, as a file.
    default String source() {
        return "";
    }

    /// Which of these corrections are still there. What was not collected by this source, as a line of a file, it knows nothing of: such ids stay.
    default Set<String> stored(Set<String> ids) {
        return ids;
    }
}
