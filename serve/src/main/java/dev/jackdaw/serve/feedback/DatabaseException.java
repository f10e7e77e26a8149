package dev.jackdaw.serve.feedback;

/// The feedback database could not be opened or used. The message never holds what people wrote.
public final class DatabaseException extends RuntimeException {
    public DatabaseException(String message, Throwable cause) {
        super(message, cause);
    }
}
