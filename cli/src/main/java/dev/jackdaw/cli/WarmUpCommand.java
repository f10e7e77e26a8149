package dev.jackdaw.cli;

import java.io.InputStream;
import java.io.OutputStream;
import picocli.CommandLine.Command;

/// Runs a few commands into nothing. The launcher records one such run in the start-up cache (`-XX:AOTCacheOutput`), so that the
/// classes they load and the profiles they leave are there at once next time.
@Command(name = "warm-up", hidden = true, description = "Exercise the program for the launcher's start-up cache.")
final class WarmUpCommand implements Runnable {
    @Override
    public void run() {
        quietly("--help");
        quietly("--version", "--help");
        quietly("doctor", "--json", "--quick");
        quietly("doctor", "--quick");
        quietly("no-such-command");
    }

    private static void quietly(String... args) {
        JackdawCommand.run(InputStream.nullInputStream(), OutputStream.nullOutputStream(), OutputStream.nullOutputStream(), args);
    }
}
