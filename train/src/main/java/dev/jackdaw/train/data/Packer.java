package dev.jackdaw.train.data;

import java.util.Arrays;
import java.util.BitSet;

import dev.jackdaw.tensor.Memory;

/// Cuts documents into pieces and packs the pieces into rows of equal length, so that nothing is lost and hardly a place is empty.
///
/// A document longer than a row gives full rows from its beginning and a remainder; a shorter one is one piece. Remainders and short
/// documents are packed best-fit: a row is opened with the longest piece left, and each gap takes the longest piece that fits. Where none
/// fits, the longest one is cut to fill the gap, and its rest waits for another row. So every id is used exactly once in an epoch, and only
/// the last row may end in padding. (nanochat packs best-fit as well, but crops what does not fit and drops it; with documents many rows
/// long that would be costly, and here a piece needs no room for the answer to its last id, see [TokenShard].)
///
/// Inside a row, pieces that begin in the middle of a document come first: what stands before a document's start does not matter, since
/// the end-of-text id tells the model that something new begins.
///
/// The plan of an epoch follows from the lengths of the documents, the row length, the seed and the number of the epoch, and from nothing
/// else; so a position in it is two numbers. It takes about 20 bytes for each row. From the second epoch on documents are cut at other
/// places, so that a model that sees a text again sees it with other contexts.
public final class Packer {
    /// Facts about a plan, for reports.
    ///
    /// @param rows            of the epoch
    /// @param pieces          in all rows
    /// @param documentStarts  rows that begin with the beginning of a document
    /// @param cuts            pieces cut only to fill a gap
    /// @param padding         places at the end that hold nothing
    public record Summary(long rows, long pieces, long documentStarts, long cuts, long padding) {
    }

    private final int length;
    private long[] start = new long[1024];       // of each piece, as a position in the shard
    private int[] size = new int[1024];
    private int[] masked = new int[1024];        // ids at its beginning that are only context, see [#windows]
    private int[] next = new int[1024];          // the following piece of the same size, or of the same row; -1: none
    private int pieces;
    private int[] rowFirst = new int[256];       // first piece of each row
    private int rows;
    private int[] order;
    private final int[] bucket;                  // first waiting piece of each size
    private final BitSet waiting = new BitSet();
    private long cuts;
    private long documentStarts;
    private long padding;

    private Packer(int length) {
        if (length < 1) {
            throw new IllegalArgumentException("packing: a row of " + length + " ids; give 1 or more");
        }
        this.length = length;
        this.bucket = new int[length + 1];
        Arrays.fill(bucket, -1);
    }

    /// The plan of one epoch of training.
    ///
    /// @param most 0: of all documents; else of those that [#selection] gives
    static Packer epoch(TokenShard shard, int length, long seed, long epoch, long most) {
        Packer packer = new Packer(length);
        long key = MinHash.mix(seed + MinHash.mix(epoch + 1));
        int[] selection = selection(shard, seed, most);
        for (int i : shuffled(selection.length, key)) {
            int document = selection[i];
            long from = shard.start(document);
            long to = shard.start(document + 1);
            if (epoch > 0 && to - from > length) {                       // other cuts than before
                long first = 1 + Long.remainderUnsigned(MinHash.mix(key + document), length);
                packer.piece(from, (int) first, 0);
                from += first;
            }
            for (; from < to; from += length) {
                packer.piece(from, (int) Math.min(length, to - from), 0);
            }
        }
        packer.fillRows(shard);
        packer.order = shuffled(packer.rows, MinHash.mix(key + 1));
        return packer;
    }

    /// A plan in which every text is whole: rows of several, best-fit, gaps left open. Pieces carry the numbers of the texts.
    ///
    /// @param lengths places that each text takes, at most `length`
    /// @param shuffles false: in one order that is the same for all seeds and epochs, as for examination
    public static Packer whole(int[] lengths, int length, long seed, long epoch, boolean shuffles) {
        Packer packer = new Packer(length);
        long key = shuffles ? MinHash.mix(seed + MinHash.mix(epoch + 1)) : 0;
        for (int text : shuffled(lengths.length, key)) {
            if (lengths[text] < 1 || lengths[text] > length) {
                throw new IllegalArgumentException("packing: text " + text + " takes " + lengths[text] + " places; rows have " + length);
            }
            packer.piece(text, lengths[text], 0);
        }
        packer.fillWholeRows();
        packer.order = shuffled(packer.rows, MinHash.mix(key + 1));
        return packer;
    }

    /// The texts of a row, in their order.
    ///
    /// @param number in the order of the plan
    public int[] texts(int number) {
        int n = 0;
        for (int piece = rowFirst[order[number]]; piece >= 0; piece = next[piece]) {
            n++;
        }
        int[] texts = new int[n];
        for (int piece = rowFirst[order[number]], i = 0; piece >= 0; piece = next[piece]) {
            texts[i++] = (int) start[piece];
        }
        return texts;
    }

    /// A plan for examination: every id is predicted once, with at least `context` ids of its own document before it where there are any.
    ///
    /// Nothing is packed: a row holds ids of one document only, so that what a model is credited with does not come from another one. The
    /// documents come in an order that is shuffled once and for all, so that the first rows are a fair sample when not all are read.
    static Packer windows(TokenShard shard, int length, int context) {
        if (context < 0 || context >= length) {
            throw new IllegalArgumentException("evaluation: " + context + " ids of context do not fit into rows of " + length);
        }
        Packer packer = new Packer(length);
        for (int document : shuffled(shard.documents(), 0)) {
            long from = shard.start(document);
            long to = shard.start(document + 1);
            int seen = 0;
            while (from < to) {
                int fresh = (int) Math.min(length - seen, to - from);
                packer.piece(from - seen, seen + fresh, seen);
                from += fresh;
                seen = context;
            }
        }
        packer.rows = packer.pieces;
        packer.rowFirst = new int[packer.rows];
        packer.order = new int[packer.rows];
        for (int row = 0; row < packer.rows; row++) {
            packer.rowFirst[row] = row;
            packer.order[row] = row;
            packer.next[row] = -1;
            packer.padding += length - packer.size[row];
            packer.documentStarts += shard.token(packer.start[row]) == shard.endOfText() ? 1 : 0;
        }
        return packer;
    }

    /// Documents of at most so many ids together, in ascending order: those that come first in an order that follows from the seed. A run that is too
    /// short for all of the text reads these whole instead of a part of each. 0: all.
    public static int[] selection(TokenShard shard, long seed, long most) {
        if (most <= 0 || most >= shard.tokens()) {
            return java.util.stream.IntStream.range(0, shard.documents()).toArray();
        }
        BitSet chosen = new BitSet();
        long left = most;
        for (int document : shuffled(shard.documents(), MinHash.mix(seed + 0x5E1EC7))) {
            long ids = shard.start(document + 1) - shard.start(document);
            if (ids <= left) {
                chosen.set(document);
                left -= ids;
            }
        }
        return chosen.stream().toArray();
    }

    private void piece(long from, int ids, int context) {
        if (pieces == start.length) {
            int larger = 2 * pieces;
            start = Arrays.copyOf(start, larger);
            size = Arrays.copyOf(size, larger);
            masked = Arrays.copyOf(masked, larger);
            next = Arrays.copyOf(next, larger);
        }
        start[pieces] = from;
        size[pieces] = ids;
        masked[pieces] = context;
        waitIn(ids, pieces++);
    }

    private void waitIn(int ids, int piece) {
        next[piece] = bucket[ids];
        bucket[ids] = piece;
        waiting.set(ids);
    }

    private int take(int ids) {
        int piece = bucket[ids];
        bucket[ids] = next[piece];
        if (bucket[ids] < 0) {
            waiting.clear(ids);
        }
        return piece;
    }

    private void fillRows(TokenShard shard) {
        int[] row = new int[length];
        while (!waiting.isEmpty()) {
            int n = 0;
            int gap = length;
            while (gap > 0 && !waiting.isEmpty()) {
                int fits = waiting.previousSetBit(gap);
                if (fits > 0) {
                    row[n++] = take(fits);
                    gap -= fits;
                } else {
                    int piece = take(waiting.length() - 1);
                    piece(start[piece] + gap, size[piece] - gap, 0);
                    size[piece] = gap;
                    row[n++] = piece;
                    gap = 0;
                    cuts++;
                }
            }
            padding += gap;
            link(row, n, shard);
        }
    }

    private void fillWholeRows() {
        while (!waiting.isEmpty()) {
            if (rows == rowFirst.length) {
                rowFirst = Arrays.copyOf(rowFirst, 2 * rows);
            }
            int last = -1;
            int gap = length;
            for (int fits = waiting.previousSetBit(gap); fits > 0; fits = waiting.previousSetBit(gap)) {
                int piece = take(fits);
                if (last < 0) {
                    rowFirst[rows] = piece;
                } else {
                    next[last] = piece;
                }
                last = piece;
                gap -= fits;
            }
            next[last] = -1;
            padding += gap;
            rows++;
        }
    }

    /// Continuations first, then documents from their start.
    private void link(int[] row, int n, TokenShard shard) {
        if (rows == rowFirst.length) {
            rowFirst = Arrays.copyOf(rowFirst, 2 * rows);
        }
        int last = -1;
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < n; i++) {
                boolean begins = shard.token(start[row[i]]) == shard.endOfText();
                if (begins == (pass == 1)) {
                    if (last < 0) {
                        rowFirst[rows] = row[i];
                        documentStarts += begins ? 1 : 0;
                    } else {
                        next[last] = row[i];
                    }
                    last = row[i];
                }
            }
        }
        next[last] = -1;
        rows++;
    }

    /// 0 to n - 1 in an order that depends on the key alone.
    private static int[] shuffled(int n, long key) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            int j = (int) Long.remainderUnsigned(MinHash.mix(key + 0x9E3779B97F4A7C15L * (i + 1)), i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    public int rows() {
        return rows;
    }

    int length() {
        return length;
    }

    public Summary summary() {
        return new Summary(rows, pieces, documentStarts, cuts, padding);
    }

    /// Writes a row as int32 inputs and, one id later, targets; -1 where nothing is to be predicted. Allocates nothing.
    ///
    /// @param number in the order of the plan
    /// @return how many targets there are
    int fill(TokenShard shard, int number, long inputs, long targets) {
        int at = 0;
        int predicted = 0;
        for (int piece = rowFirst[order[number]]; piece >= 0; piece = next[piece]) {
            int n = size[piece];
            shard.copy(start[piece], n, inputs + 4L * at);
            shard.copy(start[piece] + 1, n, targets + 4L * at);
            for (int i = 0; i < masked[piece]; i++) {
                Memory.putInt(targets + 4L * (at + i), -1);
            }
            at += n;
            predicted += n - masked[piece];
        }
        for (; at < length; at++) {
            Memory.putInt(inputs + 4L * at, shard.endOfText());
            Memory.putInt(targets + 4L * at, -1);
        }
        return predicted;
    }
}
