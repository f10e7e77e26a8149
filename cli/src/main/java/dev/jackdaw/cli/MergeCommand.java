package dev.jackdaw.cli;

import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.Merge;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.model.store.ModelStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw merge`: one file of many.
@Command(name = "merge", description = "Write a model that is split into several GGUF or safetensors files as one file, without changing a number.")
final class MergeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "MODEL", description = "Any of the split GGUF files, or the index or folder of sharded safetensors.")
    private Path model;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The file to write, .gguf or .safetensors.")
    private Path out;

    /// What `--json` prints.
    record Result(String path, int files, int tensors, long bytes) {
    }

    @Override
    public Integer call() throws IOException {
        Path source = ModelStore.resolve(model);
        Result result;
        try (Arena arena = Arena.ofShared()) {
            if (ShowCommand.isGguf(source)) {
                Gguf gguf = Gguf.open(source, arena);
                Merge.write(gguf, out);
                result = new Result(out.toString(), gguf.files().size(), gguf.tensors().size(), Files.size(out));
            } else {
                Safetensors safetensors = Safetensors.open(source, arena);
                Merge.write(safetensors, out);
                int files = (int) safetensors.entries().stream().map(Safetensors.Entry::file).distinct().count();
                result = new Result(out.toString(), files, safetensors.entries().size(), Files.size(out));
            }
        }
        common.output().json(result);
        common.output().line("%s: %d tensors of %d files, %,d bytes", result.path(), result.tensors(), result.files(), result.bytes());
        return 0;
    }
}
