package dev.jackdaw.model.chat.jinja;

import dev.jackdaw.model.Brief;

/// A template that cannot be read or rendered. The message names the line.
public final class TemplateException extends IllegalArgumentException {
    private final int line;
    private final String problem;

    public TemplateException(int line, String problem) {
        super("chat template, line " + line + ": " + Brief.text(problem));
        this.line = line;
        this.problem = problem;
    }

    /// Where, counted from 1.
    public int line() {
        return line;
    }

    /// What, without the place.
    public String problem() {
        return problem;
    }
}
