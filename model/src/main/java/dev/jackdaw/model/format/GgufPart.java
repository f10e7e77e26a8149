package dev.jackdaw.model.format;

import dev.jackdaw.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// The header of one GGUF file, read from front to back and checked; the layout is drawn at [Gguf].
final class GgufPart {
    /// Limits far above every real file, so that a hostile one cannot exhaust the heap either.
    private static final int MOST_VALUES = 65_536;
    private static final int MOST_TENSORS = 1 << 20;
    private static final int MOST_ELEMENTS = 1 << 23;
    private static final int MOST_TEXT_BYTES = 64 << 20;
    private static final int MOST_NAME_BYTES = 65_535;
    private static final long MOST_HEADER_BYTES = 256L << 20;
    private static final int MOST_DIMENSIONS = 4;

    final MappedFile file;
    final int version;
    final int alignment;
    final SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
    final SequencedMap<String, GgufTensor> tensors = new LinkedHashMap<>();
    private final ByteCursor cursor;
    private int elementsLeft = MOST_ELEMENTS;

    GgufPart(Path path, Arena arena) throws IOException {
        file = MappedFile.open(path, arena);
        cursor = new ByteCursor(file);
        int magic = cursor.i32("the magic number");
        if (magic != Gguf.MAGIC) {
            throw cursor.error(0, "this is not a GGUF file: it begins with 0x%08x, expected 0x%08x (\"GGUF\")".formatted(Integer.reverseBytes(magic), Integer.reverseBytes(Gguf.MAGIC)));
        }
        version = cursor.i32("the version");
        if (version != 2 && version != 3) {
            throw cursor.error(4, Integer.reverseBytes(version) == 2 || Integer.reverseBytes(version) == 3
                ? "this GGUF file is big-endian; only little-endian files can be read"
                : "GGUF version " + Integer.toUnsignedString(version) + " is not supported; supported: 2 and 3");
        }
        int tensorCount = cursor.count("the number of tensors", 24, MOST_TENSORS);
        int valueCount = cursor.count("the number of metadata values", 13, MOST_VALUES);
        for (int i = 0; i < valueCount; i++) {
            readValue();
        }
        alignment = readAlignment();
        List<Long> directory = new ArrayList<>();
        for (int i = 0; i < tensorCount; i++) {
            directory.add(cursor.position());
            readTensor();
        }
        placeTensors(directory);
    }

    private void readValue() {
        long at = cursor.position();
        String key = cursor.text("a metadata key", MOST_NAME_BYTES);
        GgufValue value = switch (readKind(key)) {
            case ARRAY -> readArray(key);
            case STRING -> new GgufValue.Text(cursor.text(key, MOST_TEXT_BYTES));
            case BOOL -> new GgufValue.Bool(cursor.bool(key));
            case F32 -> new GgufValue.Real(GgufValue.Kind.F32, Float.intBitsToFloat(cursor.i32(key)));
            case F64 -> new GgufValue.Real(GgufValue.Kind.F64, Double.longBitsToDouble(cursor.i64(key)));
            case GgufValue.Kind kind -> new GgufValue.Int(kind, readInteger(kind, key));
        };
        if (metadata.put(key, value) != null) {
            throw cursor.error(at, "metadata key " + key + " appears twice");
        }
        requireSmallHeader();
    }

    private GgufValue.Kind readKind(String key) {
        int code = cursor.i32("the type of " + key);
        GgufValue.Kind[] kinds = GgufValue.Kind.values();
        if (code < 0 || code >= kinds.length) {
            throw cursor.error(cursor.position() - 4, "metadata " + key + ": value type " + Integer.toUnsignedString(code) + " is unknown; known: 0 to " + (kinds.length - 1));
        }
        return kinds[code];
    }

    private long readInteger(GgufValue.Kind kind, String key) {
        return switch (kind) {
            case U8 -> cursor.i8(key) & 0xff;
            case I8 -> cursor.i8(key);
            case U16 -> cursor.i16(key) & 0xffff;
            case I16 -> cursor.i16(key);
            case U32 -> cursor.i32(key) & 0xffff_ffffL;
            case I32 -> cursor.i32(key);
            case U64, I64 -> cursor.i64(key);
            case BOOL -> cursor.bool(key) ? 1 : 0;
            case F32, F64, STRING, ARRAY -> throw new IllegalArgumentException(kind + " is not an integer");
        };
    }

    private GgufValue readArray(String key) {
        GgufValue.Kind kind = readKind(key);
        if (kind == GgufValue.Kind.ARRAY) {
            throw cursor.error(cursor.position() - 4, "metadata " + key + ": arrays of arrays are not supported");
        }
        int count = cursor.count("the length of array " + key, kind.minimumBytes, elementsLeft);
        elementsLeft -= count;
        return switch (kind) {
            case STRING -> {
                List<String> texts = new ArrayList<>(count);
                while (texts.size() < count) {
                    cursor.texts(key, count - texts.size(), MOST_TEXT_BYTES, texts);
                    requireSmallHeader();
                }
                yield new GgufValue.Texts(texts);
            }
            case F32, F64 -> {
                double[] values = new double[count];
                for (int i = 0; i < count; i++) {
                    values[i] = kind == GgufValue.Kind.F32 ? Float.intBitsToFloat(cursor.i32(key)) : Double.longBitsToDouble(cursor.i64(key));
                }
                yield new GgufValue.Reals(kind, values);
            }
            case GgufValue.Kind integer -> {
                long[] values = new long[count];
                if (integer == GgufValue.Kind.I32) {            // the types of tokens
                    int[] read = cursor.i32s(key, count);
                    for (int i = 0; i < count; i++) {
                        values[i] = read[i];
                    }
                } else {
                    for (int i = 0; i < count; i++) {
                        values[i] = readInteger(integer, key);
                    }
                }
                yield new GgufValue.Ints(integer, values);
            }
        };
    }

    private int readAlignment() {
        long value = switch (metadata.get(Gguf.ALIGNMENT_KEY)) {
            case null -> Gguf.ALIGNMENT;
            case GgufValue.Int(_, long number) -> number;
            case GgufValue other -> throw new FormatException(file.path(), -1, Gguf.ALIGNMENT_KEY + " is " + other.kind() + " " + other.preview(40) + "; expected an integer");
        };
        if (value < 1 || value > 1 << 20 || Long.bitCount(value) != 1) {
            throw new FormatException(file.path(), -1, Gguf.ALIGNMENT_KEY + " is " + value + "; expected a power of two up to " + (1 << 20));
        }
        return (int) value;
    }

    /// Reads one line of the directory. Its offset is kept as it is until [#placeTensors] knows where the numbers begin.
    private void readTensor() {
        long at = cursor.position();
        String name = cursor.text("a tensor name", MOST_NAME_BYTES);
        int rank = cursor.i32("the rank of " + name);
        if (rank < 0 || rank > MOST_DIMENSIONS) {
            throw cursor.error(cursor.position() - 4, "tensor " + name + ": rank " + Integer.toUnsignedString(rank) + "; expected 0 to " + MOST_DIMENSIONS);
        }
        long[] sizes = new long[rank];
        for (int i = rank - 1; i >= 0; i--) {
            sizes[i] = cursor.i64("the shape of " + name);
        }
        GgmlType type = GgmlType.of(cursor.i32("the type of " + name));
        long offset = cursor.i64("the offset of " + name);
        Shape shape = Sizes.shape(file.path(), at, name, sizes);
        long bytes = -1;
        if (type.isKnown()) {
            if (shape.width() % type.blockElements() != 0) {
                throw cursor.error(at, "tensor " + name + " " + type + shape + ": rows of " + shape.width() + " numbers do not fill blocks of " + type.blockElements());
            }
            bytes = Sizes.bytes(file.path(), at, name, shape.elements() / type.blockElements(), type.blockBytes());
        }
        if (tensors.put(name, new GgufTensor(name, shape, type, offset, bytes)) != null) {
            throw cursor.error(at, "tensor " + name + " appears twice");
        }
        requireSmallHeader();
    }

    /// Turns offsets into positions in the file, and checks that every tensor lies inside it and on no other.
    private void placeTensors(List<Long> directory) {
        long dataStart = Math.ceilDiv(cursor.position(), alignment) * alignment;
        int i = 0;
        for (GgufTensor tensor : List.copyOf(tensors.values())) {
            long at = directory.get(i++);
            long offset = tensor.position();
            if (offset < 0 || offset % alignment != 0) {
                throw cursor.error(at, "tensor " + tensor.name() + ": offset " + Long.toUnsignedString(offset) + " is not a multiple of the alignment " + alignment);
            }
            long room = Math.max(0, file.size() - dataStart);
            if (offset > room || room - offset < tensor.bytes()) {
                throw cursor.error(at, "tensor " + tensor.name() + " " + tensor.type() + tensor.shape() + ": its " + Math.max(0, tensor.bytes()) + " bytes at offset " + offset
                    + " reach past the end of the file, which has " + room + " bytes of tensors; it is truncated or corrupt");
            }
            tensors.put(tensor.name(), new GgufTensor(tensor.name(), tensor.shape(), tensor.type(), dataStart + offset, tensor.bytes()));
        }
        List<GgufTensor> inOrder = new ArrayList<>(tensors.values());
        inOrder.removeIf(tensor -> tensor.bytes() == 0);
        inOrder.sort(Comparator.comparingLong(GgufTensor::position));
        for (int j = 1; j < inOrder.size(); j++) {
            GgufTensor before = inOrder.get(j - 1);
            GgufTensor after = inOrder.get(j);
            if (before.end() > after.position() || before.position() == after.position()) {
                throw cursor.error(after.position(), "tensors " + before.name() + " and " + after.name() + " overlap: the first ends at byte " + before.end());
            }
        }
    }

    private void requireSmallHeader() {
        if (cursor.position() > MOST_HEADER_BYTES) {
            throw cursor.error("the header is longer than " + MOST_HEADER_BYTES + " bytes");
        }
    }
}
