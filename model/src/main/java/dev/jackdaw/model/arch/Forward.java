package dev.jackdaw.model.arch;

import dev.jackdaw.model.format.Lora;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Machine;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Value;
import dev.jackdaw.tensor.kernel.CacheType;
import dev.jackdaw.tensor.kernel.Heads;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/// Carries out a [Transformer] for inference: operations run at once, attention looks into a [KvCache]. Activations are float32; whether they are
/// rounded to eight bits for products with quantised weights, the [Device] says.
///
/// A long prompt goes through in chunks; the bits of a position do not depend on how it was cut. One caller at a time.
public final class Forward implements AutoCloseable {
    /// Rows that go through at once: enough to read each weight for many of them.
    public static final int ROWS = 256;
    /// Rows whose logits exist at once: with a vocabulary of 128k a row takes half a megabyte.
    private static final int HEAD_ROWS = 64;
    /// Of the memory that is free, what weights may take: the rest is for the cache, activations and the system.
    private static final double SHARE = 0.85;

    private final Arena arena = Arena.ofShared();
    private final ModelSpec spec;
    private final Device device;
    private final WeightSource source;
    private final NamedWeights named;
    private final Transformer transformer;
    private PagePool pool;
    private final Eager eager;
    private final String note;
    private final int originalContext;        // of LongFactors; 0: none
    private final ScoreHead scoreHead;        // null without one
    private final Tensor rewardHead;          // [labels,C], null without one
    private final List<Piece> pieces = new ArrayList<>();
    private final List<Tensor> resultRows = new ArrayList<>();       // of `rowsOf`, each by itself
    private Tensor rowsOf;
    private List<Adapter> adapters = List.of();
    private Arena inputs = Arena.ofShared();
    private Tensor ids = Tensor.zeros(inputs, DType.I32, ROWS);
    private Tensor positions = Tensor.zeros(inputs, DType.I32, ROWS);
    private Tensor types = Tensor.zeros(inputs, DType.I32, ROWS);
    private Value idRows;                     // as many of them as the pass has
    private Value positionRows;
    private Value typeRows;
    private Arena tables;
    private int tableLength;
    private List<Heads> heads;
    private List<Heads> longHeads;

    /// Packs the weights that `source` finds by their names.
    public Forward(ModelSpec spec, Device device, Function<String, Tensor> source) {
        this(spec, device, (_, name) -> source.apply(name), Long.MAX_VALUE);
    }

    /// Packs the weights, or leaves them where they are if they would not fit in the memory that is free.
    public Forward(ModelSpec spec, Device device, WeightSource source) {
        this(spec, device, source, Machine.availableBytes());
    }

    /// @param available bytes of memory that are free; negative: unknown, taken as enough
    public Forward(ModelSpec spec, Device device, WeightSource source, long available) {
        this.spec = spec;
        this.device = device;
        this.source = source;
        pool = new PagePool(spec);
        long needed = InferenceWeights.bytes(spec, source);
        boolean mapped = available >= 0 && needed > SHARE * available;
        note = !mapped ? null : String.format(Locale.ROOT, "memory: the weights take %,d MB packed and %,d MB are free; they stay in the file, "
                + "and every pass reads and rearranges all of them, which is slow", needed >> 20, available >> 20);
        if (!mapped) {
            source.prefetch();
        }
        InferenceWeights weights = new InferenceWeights(arena, device, spec, source, mapped);
        named = new NamedWeights(weights, spec);
        transformer = new Transformer(spec, named);
        eager = new Eager(device, weights);
        scoreHead = spec.output() instanceof ModelSpec.Score ? ScoreHead.of(weights) : null;
        rewardHead = spec.output() instanceof ModelSpec.Reward ? weights.table("score.weight").data() : null;
        if (!mapped) {
            weights.loaded();
        }
        originalContext = spec.originalContext();
    }

    public ModelSpec spec() {
        return spec;
    }

    public Device device() {
        return device;
    }

    /// Tells this model from others, with all that decides the bits of its keys and values; for what is saved of them.
    public String fingerprint() {
        return Fingerprint.of(spec, source) + " activations " + device.activations() + " cache " + cacheType() + (adapters.isEmpty() ? "" : " " + adapters);
    }

    /// What a user should know about how the weights are kept.
    public Optional<String> note() {
        return Optional.ofNullable(note);
    }

    /// Packs an adapter for this model.
    ///
    /// @param scale how strongly it works; 1: as it was trained
    public Adapter adapter(Lora lora, float scale) {
        return new Adapter(this, arena, device, lora, scale, source, name -> named.place(name, transformer));
    }

    /// What texts use that do not say otherwise, all at once and in this order.
    public void adapters(List<Adapter> usual) {
        usual.forEach(adapter -> adapter.requireOwner(this));
        adapters = List.copyOf(usual);
    }

    /// A cache for up to `positions` positions, at most the model's context.
    public KvCache newCache(int positions) {
        return newCache(pool, positions);
    }

    /// How the caches made from now on keep keys and values; at first as plain F32.
    public void cacheType(CacheType type) {
        if (type != pool.type()) {
            if (pool.used() > 0) {
                throw new IllegalStateException("cache type: " + pool.used() + " pages of " + pool.type() + " are in use; choose " + type + " before the first text");
            }
            pool.close();
            pool = new PagePool(spec, type, Long.MAX_VALUE);
        }
    }

    public CacheType cacheType() {
        return pool.type();
    }

    /// The same, with pages from a pool of the caller's, made for this model.
    public KvCache newCache(PagePool pool, int positions) {
        return newCache(pool, positions, adapters);
    }

    /// The same for a text that uses these adapters.
    public KvCache newCache(PagePool pool, int positions, List<Adapter> adapters) {
        adapters.forEach(adapter -> adapter.requireOwner(this));
        return new KvCache(pool, Math.min(positions, spec.context()), List.copyOf(adapters));
    }

    /// Appends `tokens` to the text in `cache`; returns the logits `[V]` after the last one. The array belongs to the caller.
    public float[] logits(KvCache cache, int... tokens) {
        float[] last = new float[spec.vocabulary()];
        logits(cache, last, tokens);
        return last;
    }

    /// The same, written into an array `[V]` of the caller's.
    public void logits(KvCache cache, float[] last, int... tokens) {
        logits(List.of(Segment.of(cache, tokens, 1)), (_, _, logits) -> logits.copyTo(last));
    }

    /// Takes the logits `[V]`, or the hidden state `[C]`, after the token at `index` of those given; the tensor is valid during the call only.
    @FunctionalInterface
    public interface LogitsListener {
        void accept(int index, Tensor logits);
    }

    /// The same, of a pass over several texts.
    @FunctionalInterface
    public interface BatchListener {
        /// @param segment which of the segments
        /// @param index   after which of its tokens, counted from the first of the segment
        void accept(int segment, int index, Tensor result);
    }

    /// Appends `tokens` and hands out the logits after every one of them.
    public void allLogits(KvCache cache, int[] tokens, LogitsListener listener) {
        logits(List.of(Segment.of(cache, tokens, tokens.length)), (_, i, logits) -> listener.accept(i, logits));
    }

    /// Appends `tokens` and hands out the hidden state of every one of them, after the final norm.
    public void allHidden(KvCache cache, int[] tokens, LogitsListener listener) {
        hidden(List.of(Segment.of(cache, tokens, tokens.length)), (_, i, hidden) -> listener.accept(i, hidden));
    }

    /// The same for a pair of texts, the second of which begins at `second`: models with segment types are told.
    public void allHidden(KvCache cache, int[] pair, int second, LogitsListener listener) {
        hidden(List.of(new Segment(cache, pair, 0, pair.length, pair.length, second)), (_, i, hidden) -> listener.accept(i, hidden));
    }

    /// Appends each segment's tokens to its text, all in one pass where they fit, and hands out the logits that are wanted. Every weight is
    /// read once for all rows. The bits of a text do not depend on its company.
    public void logits(List<Segment> segments, BatchListener listener) {
        if (!(spec.output() instanceof ModelSpec.Logits head)) {
            throw new IllegalArgumentException("logits: a " + spec.family() + (rewardHead == null ? " model is an encoder, it predicts no tokens; use it to embed"
                    : " model with score.weight judges texts, it predicts no tokens; use it with: jackdaw reward score"));
        }
        forward(segments, (pieces, hidden) -> {
            int wanted = 0;
            for (Piece piece : pieces) {
                wanted += piece.rows() - piece.skipped();
            }
            for (int done = 0; done < wanted; done += HEAD_ROWS) {
                int n = Math.min(HEAD_ROWS, wanted - done);
                handOut(pieces, head(eager.pick(hidden, pieces, done, n), head), done, n, listener);
            }
        });
    }

    private Tensor head(Value hidden, ModelSpec.Logits head) {
        Value logits = eager.logits(hidden, transformer.head());
        if (head.scale() != 1) {
            logits = eager.scale(logits, head.scale());
        }
        if (head.softcap() > 0) {
            logits = eager.softcap(logits, head.softcap());
        }
        return logits.data();
    }

    /// Appends `tokens` to an empty cache while `observer` looks on.
    public void watch(KvCache cache, int[] tokens, Observer observer) {
        if (cache.length() > 0) {
            throw new IllegalArgumentException("forward: " + cache.length() + " positions are in the cache already; an observer sees a text from its beginning");
        }
        eager.observer(observer);
        try {
            hidden(List.of(Segment.of(cache, tokens, 0)), (_, _, _) -> { });
        } finally {
            eager.observer(null);
        }
    }

    /// What the model would predict if its layers ended here: the final norm and the head, applied to rows `[N,C]` of the residual stream.
    ///
    /// @param cache of the text they belong to, whose adapters work on the head too
    public void unembed(KvCache cache, Tensor stream, LogitsListener listener) {
        if (!(spec.output() instanceof ModelSpec.Logits head)) {
            throw new IllegalArgumentException("logits: a " + spec.family() + " model is an encoder, it predicts no tokens");
        }
        int rows = Math.toIntExact(stream.shape().rows());
        for (int done = 0; done < rows; done += HEAD_ROWS) {
            int n = Math.min(HEAD_ROWS, rows - done);
            eager.adapted(cache, n);
            Tensor logits = head(transformer.finish(eager, Value.of("stream", stream.slice(done, done + n), null)), head);
            for (int i = 0; i < n; i++) {
                listener.accept(done + i, logits.slice(i, i + 1).reshape(spec.vocabulary()));
            }
        }
    }

    /// Hands out rows `done` to `done + n - 1` of those that are wanted.
    private void handOut(Piece[] pieces, Tensor results, int done, int n, BatchListener listener) {
        int at = 0;
        if (results != rowsOf) {
            rowsOf = results;
            resultRows.clear();
            for (int i = 0; i < n; i++) {
                resultRows.add(results.slice(i, i + 1).reshape(results.shape().width()));
            }
        }
        for (Piece piece : pieces) {
            for (int i = piece.skipped(); i < piece.rows(); i++, at++) {
                if (at >= done && at < done + n) {
                    listener.accept(piece.index(), piece.from() + i, resultRows.get(at - done));
                }
            }
        }
    }

    /// The same with the hidden states `[C]` after the final norm.
    public void hidden(List<Segment> segments, BatchListener listener) {
        forward(segments, (pieces, hidden) -> {
            for (Piece piece : pieces) {
                for (int i = piece.skipped(); i < piece.rows(); i++) {
                    listener.accept(piece.index(), piece.from() + i, hidden.slice(piece.row() + i, piece.row() + i + 1).reshape(spec.width()));
                }
            }
        });
    }

    /// What a cross-encoder thinks of a pair of texts: one number for each label.
    ///
    /// @param second where the second text begins
    public float[] score(int[] pair, int second) {
        if (scoreHead == null) {
            throw new IllegalArgumentException("score: a " + spec.family() + " model without a classification head judges no pairs");
        }
        float[][] first = new float[1][];
        try (KvCache cache = newCache(pair.length)) {
            allHidden(cache, pair, second, (i, hidden) -> {
                if (i == 0) {
                    first[0] = hidden.toFloats();
                }
            });
        }
        return scoreHead.apply(first[0]);
    }

    /// What a reward model thinks of a text: one number for each label, from its last position.
    public float[] reward(int... text) {
        if (rewardHead == null) {
            throw new IllegalArgumentException("reward: this " + spec.family() + " model has no score.weight, it judges no texts; train one with: jackdaw reward");
        }
        if (text.length == 0) {
            throw new IllegalArgumentException("reward: the text has no tokens; there is nothing to judge");
        }
        float[] scores = new float[Math.toIntExact(rewardHead.size(0))];
        try (KvCache cache = newCache(text.length)) {
            hidden(List.of(Segment.of(cache, text, 1)), (_, _, hidden) -> {
                for (int label = 0; label < scores.length; label++) {
                    double sum = 0;
                    for (int c = 0; c < spec.width(); c++) {
                        sum += (double) hidden.get(c) * rewardHead.get((long) label * spec.width() + c);
                    }
                    scores[label] = (float) sum;
                }
            });
        }
        return scores;
    }

    @FunctionalInterface
    private interface Chunk {
        void accept(Piece[] pieces, Tensor hidden);
    }

    private void forward(List<Segment> segments, Chunk chunk) {
        for (int i = 0; i < segments.size(); i++) {
            check(segments, i);
        }
        if (originalContext == 0) {
            pass(segments, 0, segments.size(), false, chunk);
            return;
        }
        for (Segment segment : segments) {
            readAgain(segment);
        }
        boolean isLong = segments.getFirst().cache().isLongText();
        int from = 0;
        for (int i = 1; i <= segments.size(); i++) {             // neighbours that turn by the same angles
            if (i == segments.size() || segments.get(i).cache().isLongText() != isLong) {
                pass(segments, from, i, isLong, chunk);
                from = i;
                isLong = !isLong;
            }
        }
    }

    private void check(List<Segment> segments, int index) {
        Segment segment = segments.get(index);
        for (int i = segment.from(); i < segment.from() + segment.count(); i++) {
            int token = segment.tokens()[i];
            if (token < 0 || token >= spec.vocabulary()) {
                throw new IllegalArgumentException("forward: token id " + token + " is outside the vocabulary of " + spec.vocabulary());
            }
        }
        if (spec.isEncoder() && segment.cache().length() > 0) {
            throw new IllegalArgumentException("forward: an encoder reads a whole text at once; " + segment.cache().length() + " positions are in the cache already");
        }
        segment.cache().require(segment.count());
        for (int i = 0; i < index; i++) {
            if (segments.get(i).cache() == segment.cache()) {
                throw new IllegalArgumentException("forward: segments " + i + " and " + index + " of one pass append to the same text; pass them one after the other");
            }
        }
    }

    /// A text that outgrows the context its model was first made for: its keys were turned by other angles.
    private void readAgain(Segment segment) {
        KvCache cache = segment.cache();
        int old = cache.length();
        boolean longText = old + segment.count() > originalContext;
        if (old == 0 || cache.isLongText() == longText) {
            cache.longText(longText);
            return;
        }
        int[] tokens = cache.tokens();
        cache.truncate(0);
        cache.longText(longText);
        pass(List.of(Segment.of(cache, tokens, 0)), 0, 1, longText, (_, _) -> { });
    }

    /// Segments `first` to `end - 1`, cut into chunks of rows; an encoder's text is never cut.
    private void pass(List<Segment> segments, int first, int end, boolean longText, Chunk chunk) {
        int next = first, done = 0;
        while (next < end) {
            int rows = 0;
            pieces.clear();
            while (next < end && rows < ROWS) {
                Segment segment = segments.get(next);
                int count = spec.isEncoder() ? segment.count() : Math.min(segment.count() - done, ROWS - rows);
                if (rows > 0 && rows + count > ROWS) {
                    break;
                }
                segment.cache().reserve(count);
                pieces.add(new Piece(next, segment, done, rows, count, segment.cache().length()));
                rows += count;
                done += count;
                if (done == segment.count()) {
                    next++;
                    done = 0;
                }
            }
            chunk(pieces.toArray(Piece[]::new), rows, longText, chunk);
        }
    }

    private void chunk(Piece[] pieces, int rows, boolean longText, Chunk chunk) {
        growInputs(rows);
        int longest = 0;
        for (Piece piece : pieces) {
            longest = Math.max(longest, piece.position() + piece.rows());
            for (int i = 0; i < piece.rows(); i++) {
                int at = piece.segment().from() + piece.from() + i;
                Memory.putInt(ids.address() + 4L * (piece.row() + i), piece.segment().tokens()[at]);
                Memory.putInt(positions.address() + 4L * (piece.row() + i), piece.position() + i);
                Memory.putInt(types.address() + 4L * (piece.row() + i), at < piece.segment().second() || spec.embedding().types() < 2 ? 0 : 1);
            }
        }
        growTables(longest);
        eager.texts(pieces);
        Tensor hidden = transformer.trunk(eager, idRows, new Transformer.Place(positionRows, typeRows, longText ? longHeads : heads)).data();
        for (Piece piece : pieces) {
            piece.segment().cache().advance(piece.segment().tokens(), piece.segment().from() + piece.from(), piece.rows());
        }
        chunk.accept(pieces, hidden);
    }

    private void growInputs(int rows) {
        if (rows > ids.elements()) {
            inputs.close();
            inputs = Arena.ofShared();
            ids = Tensor.zeros(inputs, DType.I32, rows);
            positions = Tensor.zeros(inputs, DType.I32, rows);
            types = Tensor.zeros(inputs, DType.I32, rows);
            idRows = null;
        }
        if (idRows == null || idRows.shape().elements() != rows) {
            idRows = Value.of("ids", ids.slice(0, rows), null);
            positionRows = Value.of("positions", positions.slice(0, rows), null);
            typeRows = Value.of("types", types.slice(0, rows), null);
        }
    }

    /// Tables of angles, made for as many positions as were ever asked for.
    private void growTables(int length) {
        if (length <= tableLength) {
            return;
        }
        if (tables != null) {
            tables.close();
        }
        tables = Arena.ofShared();
        tableLength = (int) Math.min(Math.max(spec.context(), length), Math.max(1024L, 2L * length));
        heads = RopeTable.heads(tables, spec, tableLength, false);
        longHeads = originalContext > 0 ? RopeTable.heads(tables, spec, tableLength, true) : null;
    }

    /// Bytes of activations and tables.
    public long scratchBytes() {
        return eager.bytes();
    }

    @Override
    public void close() {
        pool.close();
        eager.close();
        inputs.close();
        if (tables != null) {
            tables.close();
        }
        arena.close();
    }
}
