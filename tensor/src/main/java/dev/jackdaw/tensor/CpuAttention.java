package dev.jackdaw.tensor;

import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.CachedAttention;
import dev.jackdaw.tensor.kernel.CachedAttention.Group;
import dev.jackdaw.tensor.kernel.CachedText;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Attention of a batch of texts over their caches, cut into parts for the [Workers]. Nothing is allocated from call to call.
///
/// The queries of a text and a key/value head are cut into pieces of [#QUERIES]. Where that makes few parts, as in decoding, each piece
/// is cut once more, by chunks of positions, and what was found in them is merged in order. How it was cut does not show in the bits; see
/// [CachedAttention].
final class CpuAttention implements AutoCloseable {
    /// Queries that visit pages together: their scores, 16 KB, stay in the first-level cache.
    private static final int QUERIES = 64;
    /// With fewer parts than this, a text is cut by chunks too.
    private static final int ENOUGH = 16;
    /// States merged by the caller alone; more are shared out.
    private static final int FEW = 512;

    private final Workers workers;
    private final CachedAttention[] kernels;        // the fastest first
    private CachedAttention kernel;
    private final Scratch perWorker = new Scratch();
    private final Scratch found = new Scratch();
    private final List<Group> groups = new ArrayList<>();
    private final Workers.WorkerPart append = this::append, look = this::look, merge = this::merge;

    // The call in progress.
    private Group group;
    private CachedText[] texts;
    private int layer, K;
    private long y, q, k, v, sinks, yRow, qRow, kRow, vRow, scratch, each, states;
    // For each text of it:
    private int[] row = new int[4];                 // its first row
    private int[] pieces = new int[4];
    private int[] firstChunk = new int[4];
    private int[] chunks = new int[4];              // 1: not cut by chunks
    private boolean[] early = new boolean[4];       // its keys and values are appended before anybody looks
    private int[] appendPart = new int[5], lookPart = new int[5], mergePart = new int[5];     // the first part of a text
    private long[] state = new long[4];             // where the states of its chunks begin

    CpuAttention(Workers workers, CachedAttention... kernels) {
        this.workers = workers;
        this.kernels = kernels;
    }

    /// Row `n` of q is at `q + 4·n·qRow`, and so on; key/value head `h` starts `h·D` elements into a row of k and v, `h·G·D` into one of q
    /// and y.
    void attend(int n, CachedText[] texts, int layer, int H, int K, int D, AttentionRule rule, long y, long yRow, long q, long qRow,
                long k, long kRow, long v, long vRow) {
        this.layer = layer;
        this.texts = texts;
        this.K = K;
        this.y = y;
        this.yRow = yRow;
        this.q = q;
        this.qRow = qRow;
        this.k = k;
        this.kRow = kRow;
        this.v = v;
        this.vRow = vRow;
        sinks = rule.sinks() == null ? 0 : rule.sinks().address();
        group = group(H / K, D, rule);
        int choice = 0;
        while (!kernels[choice].serves(group)) {
            choice++;
        }
        kernel = kernels[choice];
        plan(n);
        int count = texts.length;
        each = up(kernel.attendBytes(group, QUERIES));
        scratch = perWorker.bytes(each * workers.threads());
        workers.run(appendPart[count], append);
        workers.run(lookPart[count], look);
        int merges = 0;
        for (int t = 0; t < count; t++) {
            merges += chunks[t] > 1 ? K * texts[t].rows() * group.G() * chunks[t] : 0;
        }
        if (merges > FEW) {
            workers.run(mergePart[count], merge);
        } else if (merges > 0) {
            for (int part = 0; part < mergePart[count]; part++) {
                merge(part, 0);
            }
        }
    }

    private void plan(int n) {
        int count = texts.length, rows = 0;
        if (row.length < count) {
            row = new int[count];
            pieces = new int[count];
            firstChunk = new int[count];
            chunks = new int[count];
            early = new boolean[count];
            state = new long[count];
            appendPart = new int[count + 1];
            lookPart = new int[count + 1];
            mergePart = new int[count + 1];
        }
        long bytes = 0;
        for (int t = 0; t < count; t++) {
            CachedText text = texts[t];
            int position = text.position(), own = text.rows();
            require(text, own);
            row[t] = rows;
            rows += own;
            pieces[t] = (own * group.G() + QUERIES - 1) / QUERIES;
            boolean few = K * pieces[t] < ENOUGH;
            int last = group.last(position + own - 1, position + own) / CachedAttention.CHUNK;
            firstChunk[t] = group.first(position) / CachedAttention.CHUNK;
            chunks[t] = few ? last - firstChunk[t] + 1 : 1;
            early[t] = pieces[t] > 1;                    // else whoever looks at a chunk, or at all of them, appends what belongs there
            appendPart[t + 1] = appendPart[t] + (early[t] ? K * CachedAttention.pages(own) : 0);
            lookPart[t + 1] = lookPart[t] + K * pieces[t] * chunks[t];
            mergePart[t + 1] = mergePart[t] + (chunks[t] > 1 ? K * pieces[t] : 0);
            state[t] = bytes;
            bytes += chunks[t] > 1 ? (long) K * pieces[t] * chunks[t] * pieceBytes() : 0;
        }
        if (rows != n) {
            throw new IllegalArgumentException("cached attention: the texts have " + rows + " new rows, the batch " + n);
        }
        states = found.bytes(bytes);
    }

    private void require(CachedText text, int rows) {
        long[][] pages = text.pages(layer);
        if (rows < 1 || pages.length != K || pages[0].length < CachedAttention.pages(text.position() + rows) || text.cacheType() != group.type()) {
            throw new IllegalArgumentException("cached attention: positions " + text.position() + " to " + (text.position() + rows - 1) + " of " + K
                    + " heads in " + group.type() + " do not fit in " + pages[0].length + " pages of " + CachedAttention.PAGE + " for " + pages.length
                    + " heads in " + text.cacheType());
        }
    }

    private long pieceBytes() {
        return up(QUERIES * kernel.stateBytes(group));
    }

    /// Rows in steps of a page, for one head.
    private void append(int part, int worker) {
        int t = text(appendPart, part), head = (part - appendPart[t]) % K, from = (part - appendPart[t]) / K * CachedAttention.PAGE;
        append(t, head, from, Math.min(texts[t].rows(), from + CachedAttention.PAGE));
    }

    private void append(int t, int head, int from, int to) {
        CachedText text = texts[t];
        if (from < to) {
            long first = row[t] + from, at = 4L * head * group.D();
            kernel.append(group, text.pages(layer)[head], text.position() + from, to - from, k + 4 * first * kRow + at, kRow, v + 4 * first * vRow + at, vRow);
        }
    }

    private void look(int part, int worker) {
        int t = text(lookPart, part), rest = part - lookPart[t], head = rest % K, chunk = rest / K % chunks[t];
        int piece = pieces[t] - 1 - rest / K / chunks[t];                // later queries see more: they go first
        CachedText text = texts[t];
        int G = group.G(), position = text.position(), rows = text.rows(), from = piece * QUERIES, n = Math.min(QUERIES, rows * G - from);
        long query = q + 4 * (row[t] * qRow + (long) head * G * group.D()), mine = scratch + worker * each;
        long[] pages = text.pages(layer)[head];
        if (chunks[t] == 1) {
            if (!early[t]) {
                append(t, head, 0, rows);
            }
            kernel.attend(group, y + 4 * (row[t] * yRow + (long) head * G * group.D()), yRow, query, qRow, from, n, pages, position, position + rows,
                    sinks == 0 ? 0 : sinks + 4L * head * G, mine);
            return;
        }
        int number = firstChunk[t] + chunk;
        if (!early[t]) {
            append(t, head, Math.max(0, number * CachedAttention.CHUNK - position), Math.min(rows, (number + 1) * CachedAttention.CHUNK - position));
        }
        kernel.look(group, states(t, head, piece, chunk), query, qRow, from, n, pages, position, position + rows, number, mine);
    }

    private long states(int t, int head, int piece, int chunk) {
        return states + state[t] + (((long) head * pieces[t] + piece) * chunks[t] + chunk) * pieceBytes();
    }

    private void merge(int part, int worker) {
        long mine = scratch + worker * each;
        int t = text(mergePart, part), head = (part - mergePart[t]) % K, piece = (part - mergePart[t]) / K, G = group.G();
        int from = piece * QUERIES, n = Math.min(QUERIES, texts[t].rows() * G - from);
        long first = states(t, head, piece, 0);
        for (int chunk = 1; chunk < chunks[t]; chunk++) {
            kernel.merge(group, first, states(t, head, piece, chunk), n, mine);
        }
        kernel.write(group, y + 4 * (row[t] * yRow + (long) head * G * group.D()), yRow, first, from, n, sinks == 0 ? 0 : sinks + 4L * head * G, mine);
    }

    /// The text that a part belongs to.
    private int text(int[] firstPart, int part) {
        int count = texts.length;
        if (count == 1) {
            return 0;
        }
        int at = Arrays.binarySearch(firstPart, 0, count + 1, part);
        if (at < 0) {
            return -at - 2;
        }
        while (firstPart[at + 1] == part) {           // texts without parts
            at++;
        }
        return at;
    }

    private Group group(int G, int D, AttentionRule rule) {
        var type = texts[0].cacheType();
        for (int i = 0; i < groups.size(); i++) {
            Group known = groups.get(i);
            if (known.G() == G && known.D() == D && known.type() == type && known.scale() == rule.scale() && known.window() == rule.window()
                    && known.softcap() == rule.softcap() && known.bothWays() == rule.bothWays()) {
                return known;
            }
        }
        Group made = new Group(type, G, D, rule.scale(), rule.window(), rule.softcap(), rule.bothWays());
        groups.add(made);
        return made;
    }

    private static long up(long bytes) {
        return (bytes + Memory.ALIGNMENT - 1) / Memory.ALIGNMENT * Memory.ALIGNMENT;
    }

    long scratchBytes() {
        return perWorker.size() + found.size();
    }

    @Override
    public void close() {
        perWorker.close();
        found.close();
    }
}
