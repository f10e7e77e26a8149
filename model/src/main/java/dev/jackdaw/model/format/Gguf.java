package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Reads GGUF files, versions 2 and 3, little-endian: the file that holds a model, its tokenizer and its chat template.
///
/// ```
/// "GGUF" | version u32 | tensors u64 | values u64
/// values  × { key: text, kind u32, value }             text = length u64, UTF-8; array = kind u32, count u64, values
/// tensors × { name: text, rank u32, sizes u64 × rank (innermost first), type u32, offset u64 }
/// zero bytes up to a multiple of general.alignment (32)
/// the numbers; offsets count from here and are multiples of the alignment
/// ```
///
/// The file is mapped: opening reads the header only, and a tensor's pages are read when they are touched. Tensors live as long as the
/// arena given to [#open]. The whole header is checked before anything is handed out: see the GGUF specification in the ggml project.
///
/// **Split files.** A large model may come as `NAME-00001-of-00003.gguf` and so on. The first file has the metadata, and `split.count`; all
/// have tensors. [#open] takes the path of any of them and opens all.
public final class Gguf {
    static final int MAGIC = 0x46554747;             // "GGUF", read as a little-endian int
    static final int VERSION = 3;
    static final int ALIGNMENT = 32;
    static final String ALIGNMENT_KEY = "general.alignment";

    static final String SPLIT_NUMBER = "split.no";
    static final String SPLIT_COUNT = "split.count";
    static final String SPLIT_TENSORS = "split.tensors.count";
    private static final Pattern SPLIT_NAME = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.gguf");
    private static final int MOST_FILES = 9999;

    private final List<GgufPart> parts = new ArrayList<>();
    private final SequencedMap<String, GgufTensor> tensors = new LinkedHashMap<>();
    private final Map<String, GgufPart> partOf = new HashMap<>();
    private final Path path;
    private final SequencedMap<String, GgufValue> metadata;

    public static Gguf open(Path path, Arena arena) throws IOException {
        return new Gguf(path, arena);
    }

    /// `NAME-00001-of-00003.gguf`; numbers count from 0.
    static String splitName(String name, int number, int count) {
        return "%s-%05d-of-%05d.gguf".formatted(name, number + 1, count);
    }

    private Gguf(Path path, Arena arena) throws IOException {
        Matcher name = SPLIT_NAME.matcher(path.getFileName() == null ? "" : path.getFileName().toString());
        boolean isSplit = name.matches();
        int count = isSplit ? Integer.parseInt(name.group(3)) : 1;
        if (isSplit && (count > MOST_FILES || Integer.parseInt(name.group(2)) > count)) {
            throw new FormatException(path, -1, "the name of this file says that it is one of " + count + "; expected 1 to " + MOST_FILES + ", and a number up to that");
        }
        Path firstPath = count > 1 ? path.resolveSibling(splitName(name.group(1), 0, count)) : path;
        GgufPart first = open(firstPath, arena, count);
        this.path = firstPath;
        metadata = first.metadata;
        long said = integer(SPLIT_COUNT, 1);
        if (said != count && (said > 1 || count > 1)) {
            throw new FormatException(firstPath, -1, SPLIT_COUNT + " is " + said + (isSplit ? ", but by its name the file is one of " + count
                : "; the file must be called NAME-00001-of-%05d.gguf, so that the others can be found beside it".formatted(said)));
        }
        add(first, 0);
        for (int i = 1; i < count; i++) {
            Path next = path.resolveSibling(splitName(name.group(1), i, count));
            add(open(next, arena, count), i);
        }
        long all = integer(SPLIT_TENSORS, tensors.size());
        if (all != tensors.size()) {
            throw new FormatException(firstPath, -1, SPLIT_TENSORS + " is " + all + ", but the files hold " + tensors.size() + " tensors");
        }
    }

    private static GgufPart open(Path path, Arena arena, int count) throws IOException {
        if (count > 1 && !Files.exists(path)) {
            throw new NoSuchFileException(path.toString(), null, "this file is missing; the model is split into " + count + " files, which must lie in one folder");
        }
        return new GgufPart(path, arena);
    }

    private void add(GgufPart part, int number) {
        if (number > 0 && !(part.metadata.get(SPLIT_NUMBER) instanceof GgufValue.Int(_, long said) && said == number)) {
            throw new FormatException(part.file.path(), -1, "by its name this file is number " + number + " (from 0), but " + SPLIT_NUMBER + " is "
                + (part.metadata.get(SPLIT_NUMBER) == null ? "missing" : part.metadata.get(SPLIT_NUMBER).preview(20)));
        }
        parts.add(part);
        for (GgufTensor tensor : part.tensors.values()) {
            if (tensors.put(tensor.name(), tensor) != null) {
                throw new FormatException(part.file.path(), -1, "tensor " + tensor.name() + " is in " + partOf.get(tensor.name()).file.path().getFileName() + " too");
            }
            partOf.put(tensor.name(), part);
        }
    }

    /// The files, in order; one for most models.
    public List<Path> files() {
        return parts.stream().map(part -> part.file.path()).toList();
    }

    /// The file that holds the tensor.
    public Path file(String name) {
        tensorInfo(name);
        return partOf.get(name).file.path();
    }

    public Path path() {
        return path;
    }

    public int version() {
        return parts.getFirst().version;
    }

    public int alignment() {
        return parts.getFirst().alignment;
    }

    /// All values in the order of the (first) file.
    public Map<String, GgufValue> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    /// The tensor directory in the order of the files.
    public Collection<GgufTensor> tensors() {
        return Collections.unmodifiableCollection(tensors.values());
    }

    public boolean hasTensor(String name) {
        return tensors.containsKey(name);
    }

    public GgufTensor tensorInfo(String name) {
        GgufTensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new FormatException(path, -1, "tensor " + name + " is missing; the file has " + tensors.size() + " tensors" + (tensors.isEmpty() ? "" : ", the first is " + tensors.firstEntry().getKey()));
        }
        return tensor;
    }

    /// The tensor in the file's own memory: read-only, valid until the arena closes.
    public Tensor tensor(String name) {
        GgufTensor tensor = tensorInfo(name);
        DType type = tensor.type().dtype().orElseThrow(() -> new FormatException(partOf.get(name).file.path(), tensor.position(),
            "tensor " + name + ": type " + tensor.type() + " (" + Integer.toUnsignedString(tensor.type().code()) + ") is not supported; supported: " + GgmlType.loadable()));
        return Tensor.over(bytes(name), type, tensor.shape());
    }

    /// The bytes of a tensor as they are on disk, for types that have no [DType] too.
    public MemorySegment bytes(String name) {
        GgufTensor tensor = tensorInfo(name);
        if (tensor.bytes() < 0) {
            throw new FormatException(partOf.get(name).file.path(), tensor.position(), "tensor " + name + ": the size of " + tensor.type() + " is not known");
        }
        return partOf.get(name).file.bytes().asSlice(tensor.position(), tensor.bytes());
    }

    /// Asks the system to read everything ahead; see [dev.jackdaw.tensor.SystemMemory#prefetch].
    void prefetch() {
        parts.forEach(part -> part.file.prefetch());
    }

    /// Gives back the pages of the file that were read; see [dev.jackdaw.tensor.SystemMemory#release].
    public void release() {
        parts.forEach(part -> part.file.release());
    }

    public Optional<GgufValue> value(String key) {
        return Optional.ofNullable(metadata.get(key));
    }

    private GgufValue required(String key) {
        return value(key).orElseThrow(() -> new FormatException(path, -1, "metadata key " + key + " is missing"));
    }

    private FormatException wrongKind(String key, GgufValue value, String expected) {
        return new FormatException(path, -1, "metadata " + key + " is " + value.kind() + " " + value.preview(40) + "; expected " + expected);
    }

    public String text(String key) {
        return required(key) instanceof GgufValue.Text(String value) ? value : fail(key, "a text");
    }

    public String text(String key, String otherwise) {
        return metadata.containsKey(key) ? text(key) : otherwise;
    }

    public long integer(String key) {
        return required(key) instanceof GgufValue.Int(_, long value) ? value : fail(key, "an integer");
    }

    public long integer(String key, long otherwise) {
        return metadata.containsKey(key) ? integer(key) : otherwise;
    }

    /// A floating-point value; an integer will do.
    public double real(String key) {
        return switch (required(key)) {
            case GgufValue.Real(_, double value) -> value;
            case GgufValue.Int(_, long value) -> value;
            case GgufValue _ -> fail(key, "a number");
        };
    }

    public double real(String key, double otherwise) {
        return metadata.containsKey(key) ? real(key) : otherwise;
    }

    public boolean bool(String key, boolean otherwise) {
        return switch (metadata.get(key)) {
            case null -> otherwise;
            case GgufValue.Bool(boolean value) -> value;
            case GgufValue _ -> fail(key, "a boolean");
        };
    }

    public List<String> texts(String key) {
        return required(key) instanceof GgufValue.Texts(List<String> values) ? values : fail(key, "an array of texts");
    }

    /// An array of integers; one integer alone counts as an array of one (some files give one value for all layers).
    public long[] integers(String key) {
        return switch (required(key)) {
            case GgufValue.Ints(_, long[] values) -> values.clone();
            case GgufValue.Int(_, long value) -> new long[] {value};
            case GgufValue _ -> fail(key, "an array of integers");
        };
    }

    public float[] reals(String key) {
        if (!(required(key) instanceof GgufValue.Reals(_, double[] values))) {
            return fail(key, "an array of floating-point numbers");
        }
        float[] narrow = new float[values.length];
        for (int i = 0; i < narrow.length; i++) {
            narrow[i] = (float) values[i];
        }
        return narrow;
    }

    private <T> T fail(String key, String expected) {
        throw wrongKind(key, required(key), expected);
    }
}
