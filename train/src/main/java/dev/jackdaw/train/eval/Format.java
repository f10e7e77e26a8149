package dev.jackdaw.train.eval;

/// How a model is asked.
public enum Format {
    /// One text to continue, with the examples before the question.
    BASE,
    /// A conversation in the model's own template; each example is a turn.
    CHAT
}
