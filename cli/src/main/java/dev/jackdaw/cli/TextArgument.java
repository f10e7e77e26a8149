package dev.jackdaw.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/// A TEXT or PROMPT on the command line. `-` is standard input, `@FILE` a file's content, `@@x` the text `@x`; anything else is itself.
/// Bytes that are not UTF-8 become U+FFFD, as everywhere else in the program.
final class TextArgument {
    private TextArgument() {
    }

    static String read(String argument, InputStream in) {
        try {
            if (argument.equals("-")) {
                return new String(in.readAllBytes(), StandardCharsets.UTF_8);
            }
            if (argument.startsWith("@@")) {
                return argument.substring(1);
            }
            if (argument.startsWith("@") && argument.length() > 1) {
                return new String(Files.readAllBytes(Path.of(argument.substring(1))), StandardCharsets.UTF_8);
            }
            return argument;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
