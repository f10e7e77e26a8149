package dev.jackdaw.tensor.kernel;

/// What one text brings to a pass over several: some rows, and the pages that hold its earlier positions. The rows of a pass follow
/// each other in the order of its texts.
public interface CachedText {
    /// How many rows of the pass are this text's.
    int rows();

    /// Where in the text the first of them stands; as many positions are stored already.
    int position();

    /// How the pages keep their numbers; the same for all texts of a pass.
    CacheType cacheType();

    /// Addresses of the pages of a layer, `[key/value head][page]`, with room for the new rows.
    long[][] pages(int layer);
}
