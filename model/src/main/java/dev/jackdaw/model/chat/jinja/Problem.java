package dev.jackdaw.model.chat.jinja;

/// What went wrong inside an operation that does not know its line; the interpreter adds it.
final class Problem extends RuntimeException {
    Problem(String message) {
        super(message, null, false, false);
    }
}
