package dev.jackdaw.model.arch;

/// What one text brings to a pass over several: the next of its tokens, appended to what its cache holds.
///
/// @param cache  the text so far; no two segments of a pass may share one
/// @param tokens an array that holds the new tokens
/// @param from   the first of them
/// @param count  how many
/// @param wanted after how many of the last ones the logits (or hidden states) are wanted: 0 for a prompt that is not complete, 1 to choose
///               the next token
/// @param second the index in `tokens` where the second text of a pair begins; [#NO_SECOND] without one
public record Segment(KvCache cache, int[] tokens, int from, int count, int wanted, int second) {
    public static final int NO_SECOND = Integer.MAX_VALUE;

    public Segment {
        if (count < 1) {
            throw new IllegalArgumentException("forward: no tokens were given; a text needs at least one");
        }
        if (from < 0 || count > tokens.length - from || wanted < 0 || wanted > count) {
            throw new IllegalArgumentException("forward: tokens " + from + " to " + (from + (long) count - 1) + " of " + tokens.length + " with " + wanted + " results wanted; expected a range inside");
        }
    }

    public Segment(KvCache cache, int[] tokens, int from, int count, int wanted) {
        this(cache, tokens, from, count, wanted, NO_SECOND);
    }

    /// All of `tokens`, results after the last `wanted`.
    static Segment of(KvCache cache, int[] tokens, int wanted) {
        return new Segment(cache, tokens, 0, tokens.length, wanted, NO_SECOND);
    }
}
