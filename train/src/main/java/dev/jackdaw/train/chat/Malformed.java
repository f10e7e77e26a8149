package dev.jackdaw.train.chat;

/// A conversation that cannot be learned from. The message says what was found and what was expected; who reads a file adds the line.
public final class Malformed extends Exception {
    private final Fault fault;

    Malformed(Fault fault, String message) {
        super(message, null, false, false);            // thrown for lines of data, often; nobody looks at the stack
        this.fault = fault;
    }

    public Fault fault() {
        return fault;
    }
}
