package dev.jackdaw.model.generate;

/// Rules what a text may be, token by token. Holds the state of one text.
public interface Constraint {
    /// Sets the logits of all tokens that may not come next to minus infinity; who ends a text sees to the tokens that end it.
    void mask(float[] logits);

    /// May the text end here?
    boolean mayEnd();

    /// The text goes on with this token, which must be allowed.
    void accept(int token);
}
