package dev.jackdaw.cli;

import dev.jackdaw.model.format.FileType;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufTensor;
import dev.jackdaw.model.format.ImportanceMatrix;
import dev.jackdaw.model.format.Quantizer;
import dev.jackdaw.model.store.ModelStore;
import dev.jackdaw.tensor.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw quantize`: the same model in fewer bits.
@Command(name = "quantize", description = "Write a GGUF model anew with its weights in fewer bits.")
final class QuantizeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file (of split ones any part), the directory of a training run, or a name in the store.")
    private Path model;

    @Option(names = "--type", paramLabel = "TYPE", required = true, description = "One of ${COMPLETION-CANDIDATES}. Q4_K_M is the usual compromise.")
    private FileType type;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The file to write.")
    private Path out;

    @Option(names = "--imatrix", paramLabel = "FILE", description = "Weigh errors by this importance matrix (GGUF, as llama-imatrix writes it).", showDefaultValue = Visibility.NEVER)
    private Path importance;

    @Option(names = "--pure", description = "One type for all weights, instead of better ones where it matters.", showDefaultValue = Visibility.NEVER)
    private boolean pure;

    @Option(names = "--requantize", description = "Allow a model that is quantised already; starting from the original is better.", showDefaultValue = Visibility.NEVER)
    private boolean requantize;

    /// What `--json` prints.
    ///
    /// @param tensors how many tensors have each type now
    record Result(String path, String type, long bytesBefore, long bytesAfter, double bitsPerWeight, Map<String, Integer> tensors) {
    }

    @Override
    public Integer call() throws IOException {
        Path source = ModelStore.resolve(model);
        if (Files.isDirectory(source) && !Files.exists(source.resolve("params.gguf"))) {
            throw common.wrong(source + " is a folder; write it as one GGUF file first: jackdaw export " + source + " --gguf FILE");
        }
        source = Files.isDirectory(source) ? source.resolve("params.gguf") : source;
        ImportanceMatrix matrix = importance == null ? null : ImportanceMatrix.read(importance);
        Quantizer.Result result;
        try (Arena arena = Arena.ofShared(); Workers workers = Workers.of(common.threads())) {
            Gguf file = Gguf.open(source, arena);
            long total = file.tensors().stream().mapToLong((GgufTensor tensor) -> tensor.shape().elements()).sum();
            try (ProgressBar bar = common.output().progress("quantize", total, "weights")) {
                result = Quantizer.quantize(file, out, new Quantizer.Settings(type, matrix, pure, requantize), workers, bar::update);
            }
        }
        common.output().json(new Result(out.toString(), type.name(), result.bytesBefore(), result.bytesAfter(), result.bitsPerWeight(), result.tensors()));
        common.output().line("%s: %s from %s, %.2f bits a weight; tensors: %s", out, DoctorCommand.bytes(result.bytesAfter()), DoctorCommand.bytes(result.bytesBefore()),
                result.bitsPerWeight(), String.join(", ", result.tensors().entrySet().stream().map(e -> e.getValue() + " " + e.getKey()).toList()));
        return 0;
    }
}
