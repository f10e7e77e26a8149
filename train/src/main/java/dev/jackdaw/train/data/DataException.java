package dev.jackdaw.train.data;

/// Data that cannot be used: the message says what was looked for, what was found and what to do.
public final class DataException extends RuntimeException {
    public DataException(String message) {
        super(message);
    }

    public DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
