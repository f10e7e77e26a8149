package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.kernel.CacheType;
import dev.jackdaw.tensor.kernel.CachedAttention;

/// How a page of a [PagePool] is divided: 64 positions of a text, in all layers. For each layer and key/value head (of latent attention:
/// for the latent) it holds what the kernels call a page, one behind the other.
final class PageLayout {
    /// Positions in a page.
    static final int POSITIONS = CachedAttention.PAGE;

    private final CacheType type;
    private final int[] heads;               // [layer]
    private final long[] headBytes;          // [layer]
    private final long[] offsets;            // [layer]
    private final long bytes;

    PageLayout(ModelSpec spec, CacheType type) {
        this.type = type;
        int layers = spec.layers();
        heads = new int[layers];
        headBytes = new long[layers];
        offsets = new long[layers];
        long at = 0;
        for (int layer = 0; layer < layers; layer++) {
            int width = switch (spec.blocks().get(layer).attention()) {
                case Attention.Grouped a -> a.headWidth();
                case Attention.Latent a -> a.rank() + a.turned();
            };
            heads[layer] = spec.blocks().get(layer).attention() instanceof Attention.Grouped a ? a.kvHeads() : 1;
            headBytes[layer] = (type.pageBytes(width) + Memory.ALIGNMENT - 1) / Memory.ALIGNMENT * Memory.ALIGNMENT;
            offsets[layer] = at;
            at += headBytes[layer] * heads[layer];
        }
        bytes = at;
    }

    /// Pages that hold so many positions.
    static int pages(int positions) {
        return CachedAttention.pages(positions);
    }

    /// How its numbers are kept.
    CacheType type() {
        return type;
    }

    int layers() {
        return heads.length;
    }

    int heads(int layer) {
        return heads[layer];
    }

    /// Where the numbers of a head begin.
    long offset(int layer, int head) {
        return offsets[layer] + head * headBytes[layer];
    }

    /// Of one page.
    long bytes() {
        return bytes;
    }
}
