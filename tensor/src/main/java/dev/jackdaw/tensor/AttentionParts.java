package dev.jackdaw.tensor;

import dev.jackdaw.tensor.kernel.CachedAttention;
import dev.jackdaw.tensor.kernel.CachedText;
import java.util.Arrays;

/// Cuts the attention of a pass over several texts into parts: one text, one key/value head, up to [#QUERIES] rows. Long texts come as
/// many parts, so threads share them however unequal the texts are. Buffers are kept from pass to pass.
final class AttentionParts {
    /// Query positions in one part.
    static final int QUERIES = 16;

    private CachedText[] texts;
    private long[][][] pages = new long[0][][];
    private int[] firstRow = new int[1];
    private int[] firstPart = new int[1];
    private int heads;
    private int longest;

    void of(CachedText[] texts, int layer, int heads, int rows) {
        this.texts = texts;
        this.heads = heads;
        if (pages.length < texts.length) {
            pages = new long[texts.length][][];
            firstRow = new int[texts.length + 1];
            firstPart = new int[texts.length + 1];
        }
        longest = 0;
        for (int i = 0; i < texts.length; i++) {
            int n = texts[i].rows(), end = texts[i].position() + n;
            pages[i] = texts[i].pages(layer);
            if (pages[i].length != heads || pages[i][0].length < CachedAttention.pages(end)) {
                throw new IllegalArgumentException("cached attention: positions " + texts[i].position() + " to " + (end - 1) + " of " + heads + " heads do not fit in "
                        + pages[i][0].length + " pages of " + CachedAttention.PAGE + " and " + pages[i].length + " heads");
            }
            firstRow[i + 1] = firstRow[i] + n;
            firstPart[i + 1] = firstPart[i] + heads * ((n + QUERIES - 1) / QUERIES);
            longest = Math.max(longest, end);
        }
        if (firstRow[texts.length] != rows) {
            throw new IllegalArgumentException("cached attention: the texts have " + firstRow[texts.length] + " rows together, the pass has " + rows);
        }
    }

    int count() {
        return firstPart[texts.length];
    }

    /// Positions of the longest text, the new ones included.
    int longest() {
        return longest;
    }

    int text(int part) {
        int found = Arrays.binarySearch(firstPart, 0, texts.length, part);
        return found >= 0 ? found : -found - 2;
    }

    int head(int part) {
        return (part - firstPart[text(part)]) % heads;
    }

    /// The first row of the part, within its text.
    int from(int part) {
        return (part - firstPart[text(part)]) / heads * QUERIES;
    }

    int rows(int part) {
        return Math.min(QUERIES, texts[text(part)].rows() - from(part));
    }

    int firstRow(int text) {
        return firstRow[text];
    }

    long[][] pages(int text) {
        return pages[text];
    }
}
