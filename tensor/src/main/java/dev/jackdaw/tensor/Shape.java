package dev.jackdaw.tensor;

import java.util.Arrays;

/// The sizes of a tensor, outermost first; the last dimension is contiguous in memory.
public final class Shape {
    private final long[] sizes;
    private final long elements;

    private Shape(long[] sizes) {
        this.sizes = sizes;
        long n = 1;
        for (long size : sizes) {
            if (size < 0) {
                throw new IllegalArgumentException("shape " + Arrays.toString(sizes) + ": sizes must not be negative");
            }
            n = Math.multiplyExact(n, size);
        }
        this.elements = n;
    }

    public static Shape of(long... sizes) {
        return new Shape(sizes.clone());
    }

    public int rank() {
        return sizes.length;
    }

    /// Size of dimension `i`; negative `i` counts from the end.
    public long size(int i) {
        return sizes[i < 0 ? sizes.length + i : i];
    }

    /// The last dimension: how long a row is.
    public long width() {
        return sizes.length == 0 ? 1 : sizes[sizes.length - 1];
    }

    /// How many rows: the product of all dimensions but the last.
    public long rows() {
        return width() == 0 ? 0 : elements / width();
    }

    public long elements() {
        return elements;
    }

    public long[] toArray() {
        return sizes.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(sizes, shape.sizes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(sizes);
    }

    @Override
    public String toString() {
        return Arrays.toString(sizes).replace(" ", "");
    }
}
