package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.Memory.getFloat;
import static dev.jackdaw.tensor.Memory.getInt;
import static dev.jackdaw.tensor.Memory.putFloat;

/// A row of the table for each token: table `[V,C]`, ids int32 `[N]` → out `[N,C]`; `width` is C.
///
/// Whoever makes the ids checks that each is in `[0,V)`; a kernel does not know how long the table is.
public interface Embedding {
    Embedding SCALAR = new Embedding() { };

    /// Sets rows `[from,to)` of out: `out[n] = table[ids[n]]`.
    default void forward(long out, long table, long ids, long from, long to, int width) {
        for (long n = from; n < to; n++) {
            long row = table + 4L * width * getInt(ids + 4 * n);
            for (int c = 0; c < width; c++) {
                putFloat(out + 4 * (n * width + c), getFloat(row + 4L * c));
            }
        }
    }

    /// Columns `[columnFrom,columnTo)` of `dTable[ids[n]] += dOut[n]`, over all `rows` rows in order.
    ///
    /// The same token may stand in several rows, so threads share the work by columns: every sum stays in one thread and in one order.
    default void backward(long dTable, long dOut, long ids, long rows, int width, int columnFrom, int columnTo) {
        for (long n = 0; n < rows; n++) {
            long row = dTable + 4L * width * getInt(ids + 4 * n);
            for (int c = columnFrom; c < columnTo; c++) {
                putFloat(row + 4L * c, getFloat(row + 4L * c) + getFloat(dOut + 4 * (n * width + c)));
            }
        }
    }
}
