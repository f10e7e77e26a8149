package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;

/// Hands out weights by the names of [ModelSpec#parameters()], in any number format.
@FunctionalInterface
public interface WeightSource {
    /// The weight with rows in our order: the source's own memory, or a copy owned by `scratch`.
    Tensor tensor(Arena scratch, String name);

    /// One expert of a weight `[E,F,C]`: `[1,F,C]`.
    default Tensor tensor(Arena scratch, String name, int expert) {
        return tensor(scratch, name).slice(expert, expert + 1);
    }

    /// A weight, or one expert of it (negative: all), as it lies in the source, never copied; null where only a copy is right.
    default Stored stored(String name, int expert) {
        return null;
    }

    /// The number format in which [#tensor] or [#stored] hand a weight out, without reading it.
    default DType type(String name) {
        return DType.F32;
    }

    /// All weights are about to be read: whoever reads from a disk may begin.
    default void prefetch() {
    }

    /// All weights were read, or many were: pages of files need not stay in memory. What is read again comes from the file again.
    default void release() {
    }

    /// @param tensor          `[F,C]` or `[1,F,C]`
    /// @param neighbourHeads  the rows of so many heads are ordered for pairs of neighbours, as llama GGUF files have them; 0: our order
    record Stored(Tensor tensor, int neighbourHeads) {
        /// Where our row `row` lies among `rows`.
        public long row(long row, long rows) {
            if (neighbourHeads == 0) {
                return row;
            }
            long width = rows / neighbourHeads, in = row % width, half = width / 2;
            return row - in + (in < half ? 2 * in : 2 * (in - half) + 1);
        }
    }
}
