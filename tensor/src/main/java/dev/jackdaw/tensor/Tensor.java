package dev.jackdaw.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Typed, shaped, contiguous numbers outside the Java heap, row-major, owned by an [Arena].
///
/// A tensor knows where its numbers are, not what to do with them: the operations are in `kernel`, and they take the [#address()].
/// That is why the address is handed out only while the arena is open, and why callers compare shapes before they use it.
public final class Tensor {
    private final MemorySegment segment;
    private final DType type;
    private final Shape shape;

    private Tensor(MemorySegment segment, DType type, Shape shape) {
        long bytes = type.bytes(shape.elements());
        if (segment.byteSize() < bytes) {
            throw new IllegalArgumentException("tensor " + type + shape + " needs " + bytes + " bytes, found " + segment.byteSize());
        }
        if (!segment.isNative()) {
            throw new IllegalArgumentException("tensor " + type + shape + ": heap memory cannot hold a tensor; copy it into an arena");
        }
        this.segment = segment.byteSize() == bytes ? segment : segment.asSlice(0, bytes);
        this.type = type;
        this.shape = shape;
    }

    /// New zeros, aligned to a cache line.
    public static Tensor zeros(Arena arena, DType type, long... sizes) {
        Shape shape = Shape.of(sizes);
        return new Tensor(arena.allocate(Math.max(1, type.bytes(shape.elements())), Memory.ALIGNMENT), type, shape);
    }

    /// New zeros of type F32.
    public static Tensor zeros(Arena arena, long... sizes) {
        return zeros(arena, DType.F32, sizes);
    }

    /// A copy of `values` as F32.
    public static Tensor of(Arena arena, float[] values, long... sizes) {
        Tensor tensor = zeros(arena, DType.F32, sizes);
        tensor.set(values);
        return tensor;
    }

    /// A tensor over memory that is already there: a mapped file, or a place in a larger arena.
    public static Tensor over(MemorySegment segment, DType type, Shape shape) {
        return new Tensor(segment, type, shape);
    }

    public DType type() {
        return type;
    }

    public Shape shape() {
        return shape;
    }

    public long size(int i) {
        return shape.size(i);
    }

    public long elements() {
        return shape.elements();
    }

    public long bytes() {
        return segment.byteSize();
    }

    public MemorySegment segment() {
        return segment;
    }

    /// Where the numbers start; see [Memory]. Refused once the owning arena is closed.
    public long address() {
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException("tensor " + this + " was used after its arena was closed");
        }
        return segment.address();
    }

    /// The same numbers under another shape.
    public Tensor reshape(long... sizes) {
        Shape other = Shape.of(sizes);
        if (other.elements() != shape.elements()) {
            throw new IllegalArgumentException("reshape: " + shape + " has " + shape.elements() + " elements, " + other + " has " + other.elements());
        }
        return new Tensor(segment, type, other);
    }

    /// Rows `from` to `to` of the first dimension; shares memory.
    public Tensor slice(long from, long to) {
        long first = shape.size(0);
        if (from < 0 || to < from || to > first) {
            throw new IllegalArgumentException("slice [" + from + "," + to + ") of tensor " + this + ": the first dimension has " + first + " rows");
        }
        long[] sizes = shape.toArray();
        sizes[0] = to - from;
        long rowBytes = first == 0 ? 0 : segment.byteSize() / first;
        return new Tensor(segment.asSlice(from * rowBytes, (to - from) * rowBytes), type, Shape.of(sizes));
    }

    public Tensor fill(float value) {
        requireFloat("fill");
        long a = address();
        for (long i = 0; i < elements(); i++) {
            Memory.putFloat(a + 4 * i, value);
        }
        return this;
    }

    public Tensor zero() {
        segment.fill((byte) 0);
        return this;
    }

    public void set(float... values) {
        requireFloat("set");
        if (values.length != elements()) {
            throw new IllegalArgumentException("set: tensor " + this + " has " + elements() + " elements, found " + values.length + " values");
        }
        MemorySegment.copy(values, 0, segment, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, values.length);
    }

    public float get(long i) {
        requireFloat("get");
        return segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i);
    }

    public void set(long i, float value) {
        requireFloat("set");
        segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * i, value);
    }

    public float[] toFloats() {
        float[] values = new float[Math.toIntExact(elements())];
        copyTo(values);
        return values;
    }

    public void copyTo(float[] values) {
        requireFloat("copy");
        if (values.length != elements()) {
            throw new IllegalArgumentException("copy: " + this + " does not fit an array of " + values.length);
        }
        MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, values, 0, values.length);
    }

    public void copyFrom(Tensor other) {
        if (other.type != type || other.elements() != elements()) {
            throw new IllegalArgumentException("copy: " + other + " does not fit " + this);
        }
        MemorySegment.copy(other.segment, 0, segment, 0, bytes());
    }

    private void requireFloat(String operation) {
        if (type != DType.F32) {
            throw new IllegalArgumentException(operation + ": tensor " + this + " is not F32");
        }
    }

    @Override
    public String toString() {
        return type + shape.toString();
    }
}
