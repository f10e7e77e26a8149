package dev.jackdaw.train.loop;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;

/// The tokens of one step: `B` rows of `T`, each one text or several side by side that do not see each other.
///
/// @param ids     I32 `[B,T]`
/// @param targets I32 `[B,T]`, what follows each id; −1 does not count
/// @param starts  I32 `[B,T]`, where in its row the text of this position begins, which is as far back as the position sees; positions count
///                from there. 0: the row is one text
/// @param weights F32 `[B,T]`, a factor on each target's loss in the gradient; 1 unless it is set
public record Batch(Tensor ids, Tensor targets, Tensor starts, Tensor weights) {
    static Batch allocate(Arena arena, int B, int T) {
        return new Batch(Tensor.zeros(arena, DType.I32, B, T), Tensor.zeros(arena, DType.I32, B, T), Tensor.zeros(arena, DType.I32, B, T),
                Tensor.zeros(arena, B, T)).plain();
    }

    /// Every row one text, every target as heavy as the others: what a source finds that is asked to fill this batch.
    Batch plain() {
        starts.zero();
        weights.fill(1);
        return this;
    }

    /// How many targets count.
    public long counted() {
        long counted = 0, a = targets.address();
        for (long i = 0; i < targets.elements(); i++) {
            counted += Memory.getInt(a + 4 * i) >= 0 ? 1 : 0;
        }
        return counted;
    }
}
