package dev.jackdaw.tensor.kernel;

/// A text in a batch: where its keys and values lie, and which rows of the batch are its next positions. The texts of a batch own its
/// rows in order.
public interface CachedText {
    CacheType cacheType();

    /// Addresses of the pages `[K][page]` of one layer, as many as all positions need, those of the new rows included; see [CacheType].
    long[][] pages(int layer);

    /// The position of the first new row.
    int position();

    /// New rows.
    int rows();
}
