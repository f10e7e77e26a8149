package dev.jackdaw.cli;

import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufTensor;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.format.MemoryNeed;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.model.store.ModelStore;
import dev.jackdaw.tensor.Machine;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw show FILE`: what is in a model file, without loading it: only the header is read, and nothing in it is executed.
@Command(name = "show", description = "Show the metadata and the tensors of a GGUF or safetensors file, or of a Hugging Face folder, and the memory it would need.")
final class ShowCommand implements Callable<Integer> {
    /// Arrays up to this length are shown whole; a vocabulary has a hundred thousand entries.
    private static final int SHORT_ARRAY = 16;
    private static final int SHORT_TEXT = 200;

    @Mixin
    private CommonOptions common;

    /// A usual length of conversation, for models that could do with far longer ones.
    private static final long USUAL_TOKENS = 4096;

    @Parameters(index = "0", paramLabel = "FILE", description = "A .gguf (of split ones any part) or .safetensors file, an index, a folder with one of them, the directory of a training run, or a name in the store.")
    private Path argument;

    private Path path;

    @Option(names = "--all", description = "Show long arrays and texts whole.")
    private boolean all;

    /// What `--json` prints. Arrays of more than 16 values appear as `{"count": N, "first": […]}` unless `--all` is given.
    ///
    /// @param types  bytes of tensors by their type
    /// @param memory null where the file does not say what kind of model it is
    record Contents(String file, String format, Integer version, List<String> files, long bytes, long parameters, Map<String, Long> types,
            Memory memory, Map<String, Object> metadata, List<TensorLine> tensors) {
    }

    /// @param context        tokens the model was made for
    /// @param bytes          weights, and the cache for that many tokens
    /// @param availableBytes of this machine now, -1 if unknown
    record Memory(long weightBytes, long cacheBytesPerToken, long context, long bytes, long availableBytes) {
    }

    /// @param file where several files make up the model: which of them, counted from 0; otherwise null
    record TensorLine(String name, String type, long[] shape, long bytes, long offset, Integer file) {
    }

    record LongArray(int count, List<?> first) {
    }

    @Override
    public Integer call() throws IOException {
        Output output = common.output();
        Contents contents;
        path = ModelStore.resolve(argument);
        path = Files.isDirectory(path) && Files.exists(path.resolve("params.gguf")) ? path.resolve("params.gguf") : path;
        try (Arena arena = Arena.ofConfined()) {
            contents = isGguf(path) ? readGguf(arena) : readSafetensors(arena);
        }
        output.json(contents);
        print(contents, output);
        return 0;
    }

    static boolean isGguf(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new NoSuchFileException(path.toString());
        }
        if (Files.isDirectory(path)) {
            return false;
        }
        try (InputStream file = Files.newInputStream(path)) {
            return new String(file.readNBytes(4), StandardCharsets.ISO_8859_1).equals("GGUF") || path.toString().endsWith(".gguf");
        }
    }

    private Contents readGguf(Arena arena) throws IOException {
        Gguf gguf = Gguf.open(path, arena);
        var metadata = new LinkedHashMap<String, Object>();
        gguf.metadata().forEach((key, value) -> metadata.put(key, plain(value)));
        var tensors = new ArrayList<TensorLine>();
        List<Path> files = gguf.files();
        long bytes = 0;
        for (Path file : files) {
            bytes += Files.size(file);
        }
        for (GgufTensor tensor : gguf.tensors()) {
            tensors.add(new TensorLine(tensor.name(), tensor.type().name(), tensor.shape().toArray(), tensor.bytes(), tensor.position(),
                    files.size() == 1 ? null : files.indexOf(gguf.file(tensor.name()))));
        }
        MemoryNeed need = MemoryNeed.of(gguf);
        return contents("gguf", gguf.version(), files, bytes, need.cacheBytesPerToken() == 0 ? Optional.empty() : Optional.of(need), metadata, tensors);
    }

    private Contents readSafetensors(Arena arena) throws IOException {
        Safetensors safetensors = Safetensors.open(path, arena);
        var tensors = new ArrayList<TensorLine>();
        List<Path> files = safetensors.entries().stream().map(Safetensors.Entry::file).distinct().toList();
        for (Safetensors.Entry entry : safetensors.entries()) {
            tensors.add(new TensorLine(entry.name(), entry.dtype(), entry.shape().toArray(), entry.bytes(), entry.position(),
                    files.size() == 1 ? null : files.indexOf(entry.file())));
        }
        long bytes = 0;
        for (Path file : files) {
            bytes += Files.size(file);
        }
        Path folder = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
        return contents("safetensors", null, files, bytes, MemoryNeed.of(safetensors, folder), new LinkedHashMap<>(safetensors.metadata()), tensors);
    }

    private Contents contents(String format, Integer version, List<Path> files, long bytes, Optional<MemoryNeed> need, Map<String, Object> metadata, List<TensorLine> tensors) {
        long parameters = 0;
        var types = new TreeMap<String, Long>();
        for (TensorLine tensor : tensors) {
            parameters += Arrays.stream(tensor.shape()).reduce(1, (a, b) -> a * b);
            types.merge(tensor.type(), Math.max(0, tensor.bytes()), Long::sum);
        }
        Memory memory = need.map(n -> new Memory(n.weightBytes(), n.cacheBytesPerToken(), n.context(), n.bytes(n.context()), Machine.availableBytes())).orElse(null);
        return new Contents(path.toString(), format, version, files.stream().map(Path::toString).toList(), bytes, parameters, types, memory, metadata, tensors);
    }

    private Object plain(GgufValue value) {
        return switch (value) {
            case GgufValue.Int(_, long number) -> number;
            case GgufValue.Real(GgufValue.Kind kind, double number) -> kind == GgufValue.Kind.F32 ? (Object) (float) number : (Object) number;
            case GgufValue.Bool(boolean truth) -> truth;
            case GgufValue.Text(String text) -> text;
            case GgufValue.Texts(List<String> texts) -> array(texts);
            case GgufValue.Ints(_, long[] numbers) -> array(Arrays.stream(numbers).boxed().toList());
            case GgufValue.Reals(_, double[] numbers) -> array(Arrays.stream(numbers).boxed().toList());
        };
    }

    private Object array(List<?> values) {
        return all || values.size() <= SHORT_ARRAY ? values : new LongArray(values.size(), values.subList(0, SHORT_ARRAY));
    }

    private void print(Contents contents, Output output) {
        output.line("%s: %s%s, %,d bytes, %d tensors, %,d parameters (%s)", contents.file(), contents.format(),
                contents.version() == null ? "" : " version " + contents.version(), contents.bytes(), contents.tensors().size(),
                contents.parameters(), types(contents));
        if (contents.files().size() > 1) {
            output.line("%d files, from %s to %s", contents.files().size(), contents.files().getFirst(), contents.files().getLast());
        }
        if (contents.memory() != null) {
            output.line(memory(contents.memory()));
        }
        contents.metadata().forEach((key, value) -> output.line(output.bold(key) + " = " + printable(value)));
        output.table(List.of("tensor", "type", "shape", "bytes", "offset"), contents.tensors().stream().map(tensor -> List.of(
                tensor.name(), tensor.type(), Arrays.toString(tensor.shape()).replace(" ", ""), Long.toString(tensor.bytes()),
                (tensor.file() == null ? "" : tensor.file() + ":") + tensor.offset())).toList());
    }

    private static String memory(Memory memory) {
        var line = new StringBuilder("memory: " + DoctorCommand.bytes(memory.weightBytes()) + " of weights");
        for (long tokens : memory.context() > USUAL_TOKENS ? new long[] {USUAL_TOKENS, memory.context()} : new long[] {memory.context()}) {
            line.append(String.format(Locale.ROOT, ", and %s for %,d tokens", DoctorCommand.bytes(tokens * memory.cacheBytesPerToken()), tokens));
        }
        if (memory.availableBytes() >= 0) {
            line.append("; this machine has ").append(DoctorCommand.bytes(memory.availableBytes())).append(" free");
            line.append(memory.weightBytes() > memory.availableBytes() ? ", so weights would be read from disk for each token" : "");
        }
        return line.toString();
    }

    private static String types(Contents contents) {
        return String.join(", ", contents.types().entrySet().stream()
                .map(type -> type.getKey() + " " + DoctorCommand.bytes(type.getValue())).toList());
    }

    private String printable(Object value) {
        return switch (value) {
            case LongArray array -> shorten(printable(array.first())) + " … " + array.count() + " values";
            default -> shorten(visible(value.toString()));
        };
    }

    /// Control characters as escapes: a file must not be able to move the terminal's cursor.
    private static String visible(String text) {
        var visible = new StringBuilder();
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> visible.append("\\n");
                case '\r' -> visible.append("\\r");
                case '\t' -> visible.append("\\t");
                default -> {
                    if (Character.isISOControl(c)) {
                        visible.append(String.format("\\u%04x", c));
                    } else {
                        visible.appendCodePoint(c);
                    }
                }
            }
        });
        return visible.toString();
    }

    private String shorten(String text) {
        return all || text.length() <= SHORT_TEXT ? text : text.substring(0, SHORT_TEXT) + " … " + text.length() + " characters";
    }
}
