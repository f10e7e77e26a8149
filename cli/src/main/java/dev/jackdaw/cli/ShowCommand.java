package dev.jackdaw.cli;

import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufTensor;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.format.Safetensors;
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
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw show FILE`: what is in a model file, without loading it: only the header is read.
@Command(name = "show", description = "Show the metadata and the tensors of a GGUF or safetensors file, or of a Hugging Face folder.")
final class ShowCommand implements Callable<Integer> {
    /// Arrays up to this length are shown whole; a vocabulary has a hundred thousand entries.
    private static final int SHORT_ARRAY = 16;
    private static final int SHORT_TEXT = 200;

    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "FILE", description = "A .gguf or .safetensors file, an index, or a folder with one of them.")
    private Path path;

    @Option(names = "--all", description = "Show long arrays and texts whole.")
    private boolean all;

    /// What `--json` prints. Arrays of more than 16 values appear as `{"count": N, "first": […]}` unless `--all` is given.
    ///
    /// @param types bytes of tensors by their type
    record Contents(String file, String format, Integer version, long bytes, long parameters, Map<String, Long> types,
            Map<String, Object> metadata, List<TensorLine> tensors) {
    }

    record TensorLine(String name, String type, long[] shape, long bytes) {
    }

    record LongArray(int count, List<?> first) {
    }

    @Override
    public Integer call() throws IOException {
        Output output = common.output();
        Contents contents;
        try (Arena arena = Arena.ofConfined()) {
            contents = isGguf(path) ? readGguf(arena) : readSafetensors(arena);
        }
        output.json(contents);
        print(contents, output);
        return 0;
    }

    private static boolean isGguf(Path path) throws IOException {
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
        for (GgufTensor tensor : gguf.tensors()) {
            tensors.add(new TensorLine(tensor.name(), tensor.type().name(), tensor.shape().toArray(), tensor.bytes()));
        }
        return contents("gguf", gguf.version(), Files.size(path), metadata, tensors);
    }

    private Contents readSafetensors(Arena arena) throws IOException {
        Safetensors safetensors = Safetensors.open(path, arena);
        var tensors = new ArrayList<TensorLine>();
        long bytes = 0;
        for (Safetensors.Entry entry : safetensors.entries()) {
            tensors.add(new TensorLine(entry.name(), entry.dtype(), entry.shape().toArray(), entry.bytes()));
        }
        for (Path file : safetensors.entries().stream().map(Safetensors.Entry::file).distinct().toList()) {
            bytes += Files.size(file);
        }
        return contents("safetensors", null, bytes, new LinkedHashMap<>(safetensors.metadata()), tensors);
    }

    private Contents contents(String format, Integer version, long bytes, Map<String, Object> metadata, List<TensorLine> tensors) {
        long parameters = 0;
        var types = new TreeMap<String, Long>();
        for (TensorLine tensor : tensors) {
            parameters += Arrays.stream(tensor.shape()).reduce(1, (a, b) -> a * b);
            types.merge(tensor.type(), Math.max(0, tensor.bytes()), Long::sum);
        }
        return new Contents(path.toString(), format, version, bytes, parameters, types, metadata, tensors);
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
        contents.metadata().forEach((key, value) -> output.line(output.bold(key) + " = " + printable(value)));
        output.table(List.of("tensor", "type", "shape", "bytes"), contents.tensors().stream().map(tensor -> List.of(
                tensor.name(), tensor.type(), Arrays.toString(tensor.shape()).replace(" ", ""), Long.toString(tensor.bytes()))).toList());
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
