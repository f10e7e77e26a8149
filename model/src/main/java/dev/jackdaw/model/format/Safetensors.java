package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeSet;

/// Reads safetensors: named arrays behind a JSON header, the weights of a Hugging Face model folder and of our own checkpoints.
///
/// ```
/// n u64 | n bytes of JSON, padded with blanks | the numbers
/// { "__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2,3], "data_offsets": [begin, end]}, … }
/// ```
///
/// Offsets count from the end of the header. As in the reference implementation the arrays must cover the rest of the file exactly: no
/// gap, no overlap, nothing behind. They need not begin at a multiple of their number's size, since our kernels read at any address.
/// The files are mapped, and tensors live as long as the arena given to [#open].
public final class Safetensors {
    static final int MOST_HEADER_BYTES = 100_000_000;
    private static final int MOST_TENSORS = 1 << 20;
    private static final int MOST_DIMENSIONS = 16;
    private static final String METADATA = "__metadata__";
    private static final String INDEX = "model.safetensors.index.json";

    /// The number formats of the specification that fill whole bytes. Unsigned bytes and booleans are handed out as I8: the same bytes.
    public enum Type {
        F64(8, DType.F64), F32(4, DType.F32), F16(2, DType.F16), BF16(2, DType.BF16),
        I64(8, DType.I64), I32(4, DType.I32), I16(2, null), I8(1, DType.I8),
        U64(8, null), U32(4, null), U16(2, null), U8(1, DType.I8), BOOL(1, DType.I8),
        F8_E4M3(1, null), F8_E5M2(1, null), F8_E8M0(1, null);

        final int bytes;
        final DType dtype;

        Type(int bytes, DType dtype) {
            this.bytes = bytes;
            this.dtype = dtype;
        }

        static Type find(String name) {
            for (Type type : values()) {
                if (type.name().equals(name)) {
                    return type;
                }
            }
            return null;
        }
    }

    /// One array: `dtype` as it is spelled in the file, `position` and `bytes` in that file.
    public record Entry(String name, String dtype, Shape shape, Path file, long position, long bytes) { }

    private final Path path;
    private final SequencedMap<String, Entry> entries = new LinkedHashMap<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();
    private final Map<Path, MappedFile> files = new HashMap<>();

    /// Opens one file, an index of several, or the folder that holds either.
    public static Safetensors open(Path path, Arena arena) throws IOException {
        if (Files.isDirectory(path)) {
            Path single = path.resolve("model.safetensors");
            return open(Files.exists(single) || !Files.exists(path.resolve(INDEX)) ? single : path.resolve(INDEX), arena);
        }
        Safetensors result = new Safetensors(path);
        if (path.getFileName().toString().endsWith(".index.json")) {
            result.readIndex(arena);
        } else {
            result.readFile(path, arena);
        }
        return result;
    }

    private Safetensors(Path path) {
        this.path = path;
    }

    private void readIndex(Arena arena) throws IOException {
        if (Files.size(path) > MOST_HEADER_BYTES) {
            throw new FormatException(path, -1, "the index has " + Files.size(path) + " bytes; this reader takes at most " + MOST_HEADER_BYTES);
        }
        Map<String, String> fileOf = JsonCursor.read(path, 0, Files.readAllBytes(path), Safetensors::weightMap);
        for (String name : new TreeSet<>(fileOf.values())) {
            if (name.isEmpty() || name.equals("..") || name.contains("/") || name.contains("\\") || name.indexOf('\0') >= 0) {
                throw new FormatException(path, -1, "weight_map names the file \"" + name + "\"; expected a file in the same folder");
            }
            readFile(path.resolveSibling(name), arena);
        }
        fileOf.forEach((tensor, file) -> {
            Entry entry = entries.get(tensor);
            if (entry == null || !entry.file.equals(path.resolveSibling(file))) {
                throw new FormatException(path, -1, "weight_map says that " + tensor + " is in " + file + ", but it is " + (entry == null ? "in no file" : "in " + entry.file.getFileName()));
            }
        });
    }

    private static Map<String, String> weightMap(JsonCursor json) {
        Map<String, String> fileOf = new LinkedHashMap<>();
        json.objectStart("the index");
        boolean found = false;
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            if (!name.equals("weight_map")) {
                json.skip();
                continue;
            }
            found = true;
            json.objectStart(name);
            for (String tensor = json.nextName(); tensor != null; tensor = json.nextName()) {
                if (fileOf.put(tensor, json.text(tensor)) != null) {
                    throw json.error("tensor " + tensor + " appears twice");
                }
            }
        }
        if (!found) {
            throw json.error("the index has no weight_map");
        }
        return fileOf;
    }

    private void readFile(Path file, Arena arena) throws IOException {
        MappedFile mapped = MappedFile.open(file, arena);
        files.put(file, mapped);
        ByteCursor cursor = new ByteCursor(mapped);
        long length = cursor.i64("the header length");
        long room = Math.min(MOST_HEADER_BYTES, mapped.size() - 8);
        if (length < 2 || length > room) {
            throw cursor.error(0, "the header length is " + Long.toUnsignedString(length) + "; expected 2 to " + room + " in a file of " + mapped.size() + " bytes");
        }
        long dataStart = 8 + length;
        byte[] header = mapped.bytes().asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
        List<Entry> found = new ArrayList<>();
        JsonCursor.read(file, 8, header, json -> {
            readHeader(json, file, dataStart, mapped.size(), found);
            return null;
        });
        requireExactCover(mapped, dataStart, found);
    }

    private void readHeader(JsonCursor json, Path file, long dataStart, long fileSize, List<Entry> found) {
        json.objectStart("the header");
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            if (name.equals(METADATA)) {
                json.objectStart(name);
                for (String key = json.nextName(); key != null; key = json.nextName()) {
                    metadata.put(key, json.text(METADATA + " " + key));
                }
                continue;
            }
            Entry entry = readEntry(json, name, file, dataStart, fileSize);
            if (entries.put(name, entry) != null) {
                throw json.error("tensor " + name + " appears twice");
            }
            if (entries.size() > MOST_TENSORS) {
                throw json.error("there are more than " + MOST_TENSORS + " tensors");
            }
            found.add(entry);
        }
    }

    private static Entry readEntry(JsonCursor json, String name, Path file, long dataStart, long fileSize) {
        String what = "tensor " + name;
        json.objectStart(what);
        long at = json.position();
        String dtype = null;
        long[] sizes = null;
        long[] offsets = null;
        for (String field = json.nextName(); field != null; field = json.nextName()) {
            switch (field) {
                case "dtype" -> dtype = once(json, what, field, dtype, json.text(what + " dtype"));
                case "shape" -> sizes = once(json, what, field, sizes, numbers(json, what + " shape", MOST_DIMENSIONS));
                case "data_offsets" -> offsets = once(json, what, field, offsets, numbers(json, what + " data_offsets", 2));
                default -> throw json.error(what + ": unknown field " + field + "; expected dtype, shape and data_offsets");
            }
        }
        if (dtype == null || sizes == null || offsets == null || offsets.length != 2) {
            throw new FormatException(file, at, what + ": needs dtype, shape and two data_offsets; found dtype " + dtype
                + ", shape " + Arrays.toString(sizes) + ", data_offsets " + Arrays.toString(offsets));
        }
        Shape shape = Sizes.shape(file, at, name, sizes);
        long begin = offsets[0];
        long end = offsets[1];
        if (begin < 0 || end < begin || end > fileSize - dataStart) {
            throw new FormatException(file, at, what + ": data_offsets [" + begin + "," + end + "] do not lie in the " + (fileSize - dataStart) + " bytes behind the header; the file is truncated or corrupt");
        }
        Type type = Type.find(dtype);
        if (type != null) {
            long expected = Sizes.bytes(file, at, name, shape.elements(), type.bytes);
            if (end - begin != expected) {
                throw new FormatException(file, at, what + " " + dtype + shape + ": data_offsets [" + begin + "," + end + "] hold " + (end - begin) + " bytes; expected " + expected);
            }
        }
        return new Entry(name, dtype, shape, file, dataStart + begin, end - begin);
    }

    private static <T> T once(JsonCursor json, String what, String field, T before, T now) {
        if (before != null) {
            throw json.error(what + ": field " + field + " appears twice");
        }
        return now;
    }

    private static long[] numbers(JsonCursor json, String what, int most) {
        json.arrayStart(what);
        long[] numbers = new long[most];
        int count = 0;
        for (Long number = json.nextInteger(what); number != null; number = json.nextInteger(what)) {
            if (count == most) {
                throw json.error(what + ": more than " + most + " numbers");
            }
            numbers[count++] = number;
        }
        return Arrays.copyOf(numbers, count);
    }

    private static void requireExactCover(MappedFile file, long dataStart, List<Entry> found) {
        found.sort(Comparator.comparingLong(Entry::position).thenComparingLong(Entry::bytes));
        long covered = dataStart;
        String before = "the header";
        for (Entry entry : found) {
            if (entry.position != covered) {
                throw new FormatException(file.path(), Math.min(covered, entry.position), "tensor " + entry.name + " begins at byte " + entry.position + (entry.position < covered
                    ? ", but " + before + " ends at byte " + covered + ": they overlap"
                    : ", leaving a gap of " + (entry.position - covered) + " bytes behind " + before));
            }
            covered += entry.bytes;
            before = entry.name;
        }
        if (covered != file.size()) {
            throw new FormatException(file.path(), covered, "the tensors end at byte " + covered + ", but the file has " + file.size() + " bytes");
        }
    }

    /// Asks the system to read everything ahead; see [dev.jackdaw.tensor.SystemMemory#prefetch].
    void prefetch() {
        files.values().forEach(MappedFile::prefetch);
    }

    /// Gives back the pages of the files that were read; see [dev.jackdaw.tensor.SystemMemory#release].
    public void release() {
        files.values().forEach(MappedFile::release);
    }

    /// All entries in the order of the header.
    public Collection<Entry> entries() {
        return Collections.unmodifiableCollection(entries.values());
    }

    /// The free texts of the header.
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(metadata);
    }

    public boolean has(String name) {
        return entries.containsKey(name);
    }

    public Entry entry(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new FormatException(path, -1, "tensor " + name + " is missing; the file has " + entries.size() + " tensors" + (entries.isEmpty() ? "" : ", the first is " + entries.firstEntry().getKey()));
        }
        return entry;
    }

    /// The tensor in the file's own memory: read-only, valid until the arena closes.
    public Tensor tensor(String name) {
        Entry entry = entry(name);
        Type type = Type.find(entry.dtype);
        if (type == null || type.dtype == null) {
            throw new FormatException(entry.file, entry.position, "tensor " + name + ": dtype " + entry.dtype
                + " is not supported; supported: " + Arrays.stream(Type.values()).filter(known -> known.dtype != null).toList());
        }
        return Tensor.over(bytes(name), type.dtype, entry.shape);
    }

    /// The bytes of a tensor as they are in the file.
    public MemorySegment bytes(String name) {
        Entry entry = entry(name);
        return files.get(entry.file).bytes().asSlice(entry.position, entry.bytes);
    }
}
