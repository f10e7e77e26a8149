package dev.jackdaw.model.format;

import dev.jackdaw.model.Brief;
import java.nio.file.Path;

/// A file whose bytes are not what its format promises. The message holds the file, the byte, what was found and what was expected.
public final class FormatException extends RuntimeException {
    private final Path file;
    private final long position;

    /// `position` is the byte where the broken expectation stands, or -1 where no single byte is to blame.
    public FormatException(Path file, long position, String message) {
        super(file + ": " + (position < 0 ? "" : "at byte " + position + ": ") + Brief.text(message));
        this.file = file;
        this.position = position;
    }

    public Path file() {
        return file;
    }

    public long position() {
        return position;
    }
}
