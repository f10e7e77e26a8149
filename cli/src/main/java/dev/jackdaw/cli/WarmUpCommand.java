package dev.jackdaw.cli;

import dev.jackdaw.model.TinyModel;
import dev.jackdaw.tensor.DType;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/// Runs a few commands into nothing. The launcher records one such run in the start-up cache (`-XX:AOTCacheOutput`), so that the
/// classes they load and the profiles they leave are there at once next time.
@Command(name = "warm-up", hidden = true, description = "Exercise the program for the launcher's start-up cache.")
final class WarmUpCommand implements Callable<Integer> {
    @Override
    public Integer call() throws IOException {
        Path folder = Files.createTempDirectory("jackdaw-warm-up");
        Path file = folder.resolve("tiny.gguf"), quantised = folder.resolve("quantised.gguf");
        try {
            TinyModel.write(file);
            TinyModel.write(quantised, "llama", DType.Q8_0, 2, 64, TinyModel.CONTEXT);
            String model = file.toString();
            quietly("--help");
            quietly("--version", "--help");
            quietly("doctor", "--json", "--quick");
            quietly("doctor", "--quick");
            quietly("show", model);
            quietly("next", model, "The jackdaw sat on a");
            quietly("next", model, "The jackdaw sat on a", "--json");
            quietly("run", model, "The jackdaw", "--max-tokens", "16");
            quietly("run", model, "The jackdaw", "--max-tokens", "16", "--greedy", "--json");
            quietly("run", model, "The jackdaw", "--max-tokens", "8", "--regex", "[a-z ]{1,9}");
            quietly("run", quantised.toString(), "--ids", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20", "--max-tokens", "16", "--greedy", "--json", "--activations", "q8");
            quietly("run", quantised.toString(), "The jackdaw", "--max-tokens", "16");
            quietly("chat", model, "--message", "The jackdaw", "--max-tokens", "8");
            quietly("template", model);
            quietly("tokenizer", "encode", model, "The jackdaw");
            quietly("no-such-command");
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(quantised);
            Files.deleteIfExists(folder);
        }
        return 0;
    }

    private static void quietly(String... args) {
        JackdawCommand.run(InputStream.nullInputStream(), OutputStream.nullOutputStream(), OutputStream.nullOutputStream(), args);
    }
}
