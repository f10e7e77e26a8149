package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.format.FileType;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufTensor;
import dev.jackdaw.model.format.ImportanceMatrix;
import dev.jackdaw.model.format.Quantizer;
import dev.jackdaw.model.store.ModelStore;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Workers;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.JsonNode;

/// `jackdaw quantize`: the same model in fewer bits.
@Command(name = "quantize", description = "Write a GGUF model anew with its weights in fewer bits.")
final class QuantizeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file (of split ones any part), a Hugging Face folder, the directory of a training run, or a name in the store.")
    private Path model;

    @Option(names = "--type", paramLabel = "TYPE", required = true, description = "One of ${COMPLETION-CANDIDATES}. Q4_K_M is the usual compromise.",
            converter = TypeName.class)
    private FileType type;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The file to write.")
    private Path out;

    @Option(names = "--imatrix", paramLabel = "FILE", description = "Weigh errors by this importance matrix (GGUF, as llama-imatrix writes it).", showDefaultValue = Visibility.NEVER)
    private Path importance;

    @Option(names = "--pure", description = "One type for all weights, instead of better ones where it matters.", showDefaultValue = Visibility.NEVER)
    private boolean pure;

    @Option(names = "--requantize", description = "Allow a model that is quantised already; starting from the original is better.", showDefaultValue = Visibility.NEVER)
    private boolean requantize;

    @Option(names = "--data", paramLabel = "SOURCE", description = "Measure the perplexity on this text before and after.", showDefaultValue = Visibility.NEVER)
    private Path data;

    static final class TypeName implements ITypeConverter<FileType> {
        @Override
        public FileType convert(String name) {
            try {
                return FileType.of(name);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    /// What `--json` prints.
    ///
    /// @param tensors          how many tensors have each type now
    /// @param perplexityBefore for each token of `--data`; null without it
    record Result(String path, String type, long bytesBefore, long bytesAfter, double bitsPerWeight, Map<String, Integer> tensors,
            Double perplexityBefore, Double perplexityAfter) {
    }

    @Override
    public Integer call() throws IOException {
        Path source = ModelStore.resolve(model);
        source = Files.isDirectory(source) && Files.exists(source.resolve("params.gguf")) ? source.resolve("params.gguf") : source;
        Path imported = null;
        Quantizer.Result result;
        Double before;
        try {
            if (Files.isDirectory(source)) {
                imported = out.resolveSibling("." + out.getFileName() + "." + ProcessHandle.current().pid() + ".import.gguf");
                try (Device device = Device.cpu(common.threads()); Model folder = Model.open(source, device)) {
                    ExportCommand.writeGguf(folder, source, imported, null);
                }
                source = imported;
            }
            result = quantize(source);
            before = data == null ? null : perplexity(source);
        } finally {
            if (imported != null) {
                Files.deleteIfExists(imported);
            }
        }
        Double after = data == null ? null : perplexity(out);
        common.output().json(new Result(out.toString(), type.name(), result.bytesBefore(), result.bytesAfter(), result.bitsPerWeight(), result.tensors(), before, after));
        common.output().line("%s: %s from %s, %.2f bits a weight; tensors: %s", out, DoctorCommand.bytes(result.bytesAfter()), DoctorCommand.bytes(result.bytesBefore()),
                result.bitsPerWeight(), String.join(", ", result.tensors().entrySet().stream().map(e -> e.getValue() + " " + e.getKey()).toList()));
        if (data != null) {
            common.output().line("perplexity %.4f, before %.4f (%+.2f%%)", after, before, 100 * (after / before - 1));
        }
        return 0;
    }

    private Quantizer.Result quantize(Path source) throws IOException {
        ImportanceMatrix matrix = importance == null ? null : ImportanceMatrix.read(importance);
        try (Arena arena = Arena.ofShared(); Workers workers = Workers.of(common.threads())) {
            Gguf file = Gguf.open(source, arena);
            long total = file.tensors().stream().mapToLong((GgufTensor tensor) -> tensor.shape().elements()).sum();
            try (ProgressBar bar = common.output().progress("quantize", total, "weights")) {
                return Quantizer.quantize(file, out, new Quantizer.Settings(type, matrix, pure, requantize), workers, bar::update);
            }
        }
    }

    /// What `jackdaw eval` says, as perplexity for each token.
    private double perplexity(Path file) throws IOException {
        var answer = new ByteArrayOutputStream();
        var errors = new ByteArrayOutputStream();
        int code = JackdawCommand.run(InputStream.nullInputStream(), answer, errors, "eval", file.toString(), "--data", data.toString(), "--json", "--threads", "" + common.threads());
        if (code != 0) {
            throw new IOException("measuring " + file + ": " + errors.toString(StandardCharsets.UTF_8).strip());
        }
        JsonNode metrics = Json.read(answer.toString(StandardCharsets.UTF_8)).at("/tasks/bpb");
        return Math.pow(2, metrics.path("bitsPerByte").asDouble() * metrics.path("bytes").asDouble() / metrics.path("n").asDouble());
    }
}
