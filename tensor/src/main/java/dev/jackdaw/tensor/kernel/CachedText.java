package dev.jackdaw.tensor.kernel;

/// What one text brings to a pass over several: some rows, and the pages that hold its earlier positions. The rows of a pass follow
/// each other in the order of its texts.
public interface CachedText {
    /// How many rows of the pass are this text's.
    int rows();

    /// Where in the text the first of them stands; as many positions are stored already.
    int position();

    /// Addresses of the pages of a layer, `[key/value head][page]`, with room for the new rows; see [CachedAttention].
    long[][] pages(int layer);
}
