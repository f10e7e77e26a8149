package dev.jackdaw.serve.feedback;

import java.util.Optional;

/// Something that judges answers by their meaning. It is asked after the answer was given, on the thread of the [FeedbackRecorder].
@FunctionalInterface
public interface Guard {
    /// Objects to nothing.
    Guard NONE = _ -> Optional.empty();

    /// What it objects to, in one line; empty if to nothing.
    Optional<String> objection(Answer answer);
}
