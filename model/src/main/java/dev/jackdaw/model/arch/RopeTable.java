package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.Heads;
import dev.jackdaw.tensor.kernel.QkNormRope;
import java.lang.foreign.Arena;

/// The rotary table of a model: cosines and sines of every position.
public final class RopeTable {
    private RopeTable() {
    }

    /// The heads of `spec`, with a table for `positions` positions.
    public static Heads heads(Arena arena, ModelSpec spec, int positions) {
        Tensor table = Tensor.zeros(arena, positions, spec.headWidth());
        QkNormRope.fill(table.address(), 0, positions, spec.headWidth(), spec.ropeTheta());
        return new Heads(spec.heads(), spec.kvHeads(), spec.headWidth(), table, false, spec.normEpsilon());
    }
}
