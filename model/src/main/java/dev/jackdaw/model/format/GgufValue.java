package dev.jackdaw.model.format;

import java.util.Arrays;
import java.util.List;

/// One metadata value of a GGUF file, with the exact type it has on disk, so that reading and writing give the same bytes.
///
/// Thirteen types on disk become six cases here: all integers are a `long` with a [Kind], all floating-point numbers a `double` with one.
public sealed interface GgufValue {

    /// The type numbers of the specification are the ordinals.
    enum Kind {
        U8(1), I8(1), U16(2), I16(2), U32(4), I32(4), F32(4), BOOL(1), STRING(8), ARRAY(12), U64(8), I64(8), F64(8);

        /// Bytes of one value; for strings and arrays the least it can take.
        final int minimumBytes;

        Kind(int minimumBytes) {
            this.minimumBytes = minimumBytes;
        }
    }

    Kind kind();

    /// U64 values above `Long.MAX_VALUE` appear negative, with the same bits.
    record Int(Kind kind, long value) implements GgufValue { }

    record Real(Kind kind, double value) implements GgufValue { }

    record Bool(boolean value) implements GgufValue {
        @Override
        public Kind kind() {
            return Kind.BOOL;
        }
    }

    record Text(String value) implements GgufValue {
        @Override
        public Kind kind() {
            return Kind.STRING;
        }
    }

    record Texts(List<String> values) implements GgufValue {
        public Texts {
            values = List.copyOf(values);
        }

        @Override
        public Kind kind() {
            return Kind.ARRAY;
        }
    }

    /// Integers or booleans (as 0 and 1).
    record Ints(Kind element, long[] values) implements GgufValue {
        @Override
        public Kind kind() {
            return Kind.ARRAY;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Ints ints && ints.element == element && Arrays.equals(ints.values, values);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(values);
        }
    }

    record Reals(Kind element, double[] values) implements GgufValue {
        @Override
        public Kind kind() {
            return Kind.ARRAY;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Reals reals && reals.element == element && Arrays.equals(reals.values, values);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(values);
        }
    }

    static GgufValue of(String value) {
        return new Text(value);
    }

    static GgufValue of(boolean value) {
        return new Bool(value);
    }

    /// Counts and sizes are U32 in every file we know.
    static GgufValue u32(long value) {
        if (value < 0 || value > 0xffff_ffffL) {
            throw new IllegalArgumentException("GGUF value " + value + " does not fit 32 bits");
        }
        return new Int(Kind.U32, value);
    }

    static GgufValue u64(long value) {
        return new Int(Kind.U64, value);
    }

    static GgufValue f32(double value) {
        return new Real(Kind.F32, (float) value);
    }

    static GgufValue f64(double value) {
        return new Real(Kind.F64, value);
    }

    static GgufValue texts(List<String> values) {
        return new Texts(values);
    }

    static GgufValue i32s(int... values) {
        return new Ints(Kind.I32, Arrays.stream(values).asLongStream().toArray());
    }

    static GgufValue f32s(float... values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        return new Reals(Kind.F32, wide);
    }

    /// What `show` prints: numbers and texts as they are, arrays by type and length with their beginning.
    default String preview(int characters) {
        String text = switch (this) {
            case Int(Kind kind, long value) -> kind == Kind.U64 ? Long.toUnsignedString(value) : Long.toString(value);
            case Real(Kind kind, double value) -> kind == Kind.F32 ? Float.toString((float) value) : Double.toString(value);
            case Bool(boolean value) -> Boolean.toString(value);
            case Text(String value) -> value;
            case Texts(var values) -> "STRING[" + values.size() + "] " + values.stream().limit(16).toList();
            case Ints(Kind element, long[] values) -> element + "[" + values.length + "] " + Arrays.toString(Arrays.copyOf(values, Math.min(16, values.length)));
            case Reals(Kind element, double[] values) -> element + "[" + values.length + "] " + Arrays.toString(Arrays.copyOf(values, Math.min(16, values.length)));
        };
        return text.length() <= characters ? text : text.substring(0, characters) + "…";
    }
}
