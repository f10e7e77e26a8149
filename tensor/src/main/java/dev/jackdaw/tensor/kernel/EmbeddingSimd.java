package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.ALL;
import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getInt;
import static dev.jackdaw.tensor.Memory.putFloat;
import static dev.jackdaw.tensor.kernel.Lanes.F;
import static dev.jackdaw.tensor.kernel.Lanes.LANES;
import static dev.jackdaw.tensor.kernel.Lanes.LE;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;

import jdk.incubator.vector.FloatVector;

/// [Embedding] by the Vector API.
public final class EmbeddingSimd implements Embedding {
    @Override
    public void forward(long out, long table, long ids, long from, long to, int width) {
        for (long n = from; n < to; n++) {
            copy(out + 4 * n * width, table + 4L * width * getInt(ids + 4 * n), width);
        }
    }

    @Override
    public void backward(long dTable, long dOut, long ids, long rows, int width, int columnFrom, int columnTo) {
        for (long n = 0; n < rows; n++) {
            add(dTable + 4L * width * getInt(ids + 4 * n) + 4L * columnFrom, dOut + 4 * (n * width + columnFrom), columnTo - columnFrom);
        }
    }

    private static void copy(long to, long from, int width) {
        int c = 0;
        for (; c <= width - LANES; c += LANES) {
            fromMemorySegment(F, ALL, from + 4L * c, LE).intoMemorySegment(ALL, to + 4L * c, LE);
        }
        for (; c < width; c++) {
            putFloat(to + 4L * c, getFloat(from + 4L * c));
        }
    }

    private static void add(long to, long from, int width) {
        int c = 0;
        for (; c <= width - LANES; c += LANES) {
            FloatVector old = fromMemorySegment(F, ALL, to + 4L * c, LE);
            old.add(fromMemorySegment(F, ALL, from + 4L * c, LE)).intoMemorySegment(ALL, to + 4L * c, LE);
        }
        for (; c < width; c++) {
            putFloat(to + 4L * c, getFloat(to + 4L * c) + getFloat(from + 4L * c));
        }
    }
}
