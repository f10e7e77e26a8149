package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.kernel.CacheType;
import dev.jackdaw.tensor.kernel.CachedText;

/// The part of a [Segment] that goes through in one pass, as rows `row` to `row + rows - 1` of it.
///
/// @param index    which segment
/// @param from     the first of its tokens, counted from the beginning of the segment
/// @param position where that token stands in the text
record Piece(int index, Segment segment, int from, int row, int rows, int position) implements CachedText {
    @Override
    public CacheType cacheType() {
        return segment.cache().type();
    }

    @Override
    public long[][] pages(int layer) {
        return segment.cache().pages(layer);
    }

    /// How many of the first rows nobody wants results of.
    int skipped() {
        return Math.clamp(segment.count() - segment.wanted() - from, 0, rows);
    }
}
