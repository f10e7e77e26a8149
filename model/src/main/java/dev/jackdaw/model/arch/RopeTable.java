package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.Heads;
import dev.jackdaw.tensor.kernel.QkNormRope;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The rotary tables of a model: cosines and sines of every position, one table for all layers that turn alike.
public final class RopeTable {
    private RopeTable() {
    }

    /// The heads of every layer, with tables for texts of `positions` positions. A [Rope.LongFactors] model uses its long factors for all of
    /// them where that is more than its original context.
    public static List<Heads> heads(Arena arena, ModelSpec spec, int positions) {
        return heads(arena, spec, positions, spec.originalContext() > 0 && positions > spec.originalContext());
    }

    /// @param arena    may be null where `positions` is 0: shapes only, no tables
    /// @param longText which factors a [Rope.LongFactors] model uses
    public static List<Heads> heads(Arena arena, ModelSpec spec, int positions, boolean longText) {
        Map<Rope.Turned, Tensor> tables = new HashMap<>();
        List<Heads> heads = new ArrayList<>();
        for (ModelSpec.Block block : spec.blocks()) {
            Tensor table = block.attention() instanceof Attention.Grouped g && g.rope() instanceof Rope.None || positions == 0 ? null
                    : tables.computeIfAbsent((Rope.Turned) block.attention().rope(), rope -> table(arena, rope, positions, longText));
            boolean neighbours = block.attention().rope() instanceof Rope.Turned turned && turned.neighbours();
            heads.add(switch (block.attention()) {
                case Attention.Grouped a -> new Heads(a.heads(), a.kvHeads(), a.headWidth(), table, neighbours, block.norm().epsilon());
                case Attention.Latent a -> new Heads(a.heads(), 1, a.rank() + a.turned(), table, neighbours, block.norm().epsilon());
            });
        }
        return heads;
    }

    private static Tensor table(Arena arena, Rope.Turned rope, int positions, boolean longText) {
        Tensor table = Tensor.zeros(arena, positions, rope.width());
        QkNormRope.fill(table.address(), 0, positions, rope.angles(longText));
        float magnitude = (float) rope.magnitude();
        for (long i = 0; magnitude != 1 && i < table.elements(); i++) {
            Memory.putFloat(table.address() + 4 * i, Memory.getFloat(table.address() + 4 * i) * magnitude);
        }
        return table;
    }
}
