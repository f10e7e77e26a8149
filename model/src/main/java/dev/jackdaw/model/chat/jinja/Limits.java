package dev.jackdaw.model.chat.jinja;

/// How much a rendering may cost before it is cut off. A template comes with a model file, so it may be hostile.
///
/// @param steps      statements and expressions evaluated
/// @param characters characters written by all operations together, beyond 32 times the input
/// @param text       characters of one text
/// @param depth      expressions, statements and macro calls inside each other
public record Limits(long steps, long characters, long text, int depth) {
    public static final Limits DEFAULT = new Limits(3_000_000, 48_000_000, 32_000_000, 400);
}
