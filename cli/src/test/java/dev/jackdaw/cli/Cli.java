package dev.jackdaw.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.JsonNode;

/// Runs one command line inside this JVM and keeps what it wrote.
record Cli(int exitCode, String out, String err) {
    static Cli run(String... args) {
        return runWithInput("", args);
    }

    static Cli runWithInput(String in, String... args) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        int exitCode = JackdawCommand.run(new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8)), out, err, args);
        return new Cli(exitCode, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    /// Standard output as one JSON value.
    JsonNode json() {
        return Json.read(out);
    }
}
