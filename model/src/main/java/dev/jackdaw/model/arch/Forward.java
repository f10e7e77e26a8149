package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Machine;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Value;
import dev.jackdaw.tensor.kernel.CacheType;
import dev.jackdaw.tensor.kernel.Heads;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/// Carries out a [Transformer] for inference: operations run at once, attention looks into a [KvCache]. Activations are float32.
///
/// A long prompt goes through in chunks; the bits of a position do not depend on how it was cut. One caller at a time.
public final class Forward implements AutoCloseable {
    /// Positions that go through at once: enough to read each weight for many rows.
    private static final int CHUNK = 256;
    /// Of the memory that is free, what weights may take: the rest is for the cache, activations and the system.
    private static final double SHARE = 0.85;

    private final Arena arena = Arena.ofShared();
    private final ModelSpec spec;
    private final Device device;
    private final Transformer transformer;
    private final Eager eager;
    private final String note;
    private final int originalContext;        // of LongFactors; 0: none
    private final ScoreHead scoreHead;        // null without one
    private int secondFrom = Integer.MAX_VALUE;        // the first position of segment type 1
    private Arena inputs = Arena.ofShared();
    private Tensor ids = Tensor.zeros(inputs, DType.I32, CHUNK);
    private Tensor positions = Tensor.zeros(inputs, DType.I32, CHUNK);
    private Tensor types = Tensor.zeros(inputs, DType.I32, CHUNK);
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
        long needed = 4 * spec.parameterCount();
        boolean mapped = available >= 0 && needed > SHARE * available;
        note = !mapped ? null : String.format(Locale.ROOT, "memory: the weights take %,d MB unpacked and %,d MB are free; they stay in the file, "
                + "and every pass reads and converts all of them, which is slow", needed >> 20, available >> 20);
        InferenceWeights weights = new InferenceWeights(arena, device, spec, source, mapped);
        transformer = new Transformer(spec, weights);
        eager = new Eager(device, weights);
        scoreHead = spec.output() instanceof ModelSpec.Score ? ScoreHead.of(weights) : null;
        originalContext = spec.blocks().stream().map(block -> block.attention().rope()).filter(rope -> rope instanceof Rope.Turned t && t.scaling() instanceof Rope.LongFactors)
                .mapToInt(rope -> ((Rope.LongFactors) ((Rope.Turned) rope).scaling()).original()).findFirst().orElse(0);
    }

    public ModelSpec spec() {
        return spec;
    }

    public Device device() {
        return device;
    }

    /// What a user should know about how the weights are kept.
    public Optional<String> note() {
        return Optional.ofNullable(note);
    }

    /// A cache for up to `positions` positions, at most the model's context.
    public KvCache newCache(int positions) {
        return newCache(positions, CacheType.F32);
    }

    /// As [#newCache(int)], with keys and values kept as another type.
    public KvCache newCache(int positions, CacheType type) {
        return new KvCache(spec, Math.min(positions, spec.context()), type);
    }

    /// Appends `tokens` to the text in `cache`; returns the logits `[V]` after the last one. The array belongs to the caller.
    public float[] logits(KvCache cache, int... tokens) {
        float[][] last = new float[1][];
        logits(cache, tokens, tokens.length - 1, (_, logits) -> last[0] = logits.toFloats());
        return last[0];
    }

    /// Takes the logits `[V]`, or the hidden state `[C]`, after the token at `index` of those given; the tensor is valid during the call only.
    @FunctionalInterface
    public interface LogitsListener {
        void accept(int index, Tensor logits);
    }

    /// Appends `tokens` and hands out the logits after every one of them.
    public void allLogits(KvCache cache, int[] tokens, LogitsListener listener) {
        logits(cache, tokens, 0, listener);
    }

    /// Appends `tokens` and hands out the hidden state of every one of them, after the final norm.
    public void allHidden(KvCache cache, int[] tokens, LogitsListener listener) {
        forward(cache, tokens, (from, hidden) -> {
            for (int i = 0; i < hidden.size(0); i++) {
                listener.accept(from + i, hidden.slice(i, i + 1).reshape(spec.width()));
            }
        });
    }

    /// The same for a pair of texts, the second of which begins at `second`: models with segment types are told.
    public void allHidden(KvCache cache, int[] pair, int second, LogitsListener listener) {
        try {
            secondFrom = spec.embedding().types() > 1 ? second : Integer.MAX_VALUE;
            allHidden(cache, pair, listener);
        } finally {
            secondFrom = Integer.MAX_VALUE;
        }
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

    private void logits(KvCache cache, int[] tokens, int first, LogitsListener listener) {
        if (!(spec.output() instanceof ModelSpec.Logits head)) {
            throw new IllegalArgumentException("logits: a " + spec.family() + " model is an encoder, it predicts no tokens; use it to embed");
        }
        forward(cache, tokens, (from, hidden) -> {
            int n = Math.toIntExact(hidden.size(0)), skip = Math.max(0, first - from);
            if (skip >= n) {
                return;
            }
            Value logits = eager.linear(Value.of("hidden", hidden.slice(skip, n), null), transformer.head(), null);
            if (head.scale() != 1) {
                logits = eager.scale(logits, head.scale());
            }
            if (head.softcap() > 0) {
                logits = eager.softcap(logits, head.softcap());
            }
            for (int i = skip; i < n; i++) {
                listener.accept(from + i, logits.data().slice(i - skip, i - skip + 1).reshape(spec.vocabulary()));
            }
        });
    }

    @FunctionalInterface
    private interface Chunk {
        void accept(int from, Tensor hidden);
    }

    private void forward(KvCache cache, int[] tokens, Chunk chunk) {
        if (tokens.length == 0) {
            throw new IllegalArgumentException("forward: no tokens were given; a text needs at least one");
        }
        for (int token : tokens) {
            if (token < 0 || token >= spec.vocabulary()) {
                throw new IllegalArgumentException("forward: token id " + token + " is outside the vocabulary of " + spec.vocabulary());
            }
        }
        cache.require(tokens.length);
        int old = cache.length();
        boolean longText = originalContext > 0 && old + tokens.length > originalContext;
        if (old > 0 && cache.isLongText() != longText) {           // its keys were turned by other angles: read the text again
            int[] all = Arrays.copyOf(cache.tokens(), old + tokens.length);
            System.arraycopy(tokens, 0, all, old, tokens.length);
            cache.truncate(0);
            cache.longText(longText);
            pass(cache, all, (from, hidden) -> {
                int skip = Math.max(0, old - from), n = Math.toIntExact(hidden.size(0));
                if (skip < n) {
                    chunk.accept(from + skip - old, hidden.slice(skip, n));
                }
            });
            return;
        }
        cache.longText(longText);
        pass(cache, tokens, chunk);
    }

    private void pass(KvCache cache, int[] tokens, Chunk chunk) {
        if (spec.isEncoder() && cache.length() > 0) {
            throw new IllegalArgumentException("forward: an encoder reads a whole text at once; " + cache.length() + " positions are in the cache already");
        }
        cache.reserve(tokens.length);
        growTables(cache.length() + tokens.length);
        int most = spec.isEncoder() ? tokens.length : CHUNK;
        growInputs(Math.min(most, tokens.length));
        for (int from = 0; from < tokens.length; from += most) {
            int n = Math.min(most, tokens.length - from);
            for (int i = 0; i < n; i++) {
                Memory.putInt(ids.address() + 4L * i, tokens[from + i]);
                Memory.putInt(positions.address() + 4L * i, cache.length() + i);
                Memory.putInt(types.address() + 4L * i, from + i < secondFrom ? 0 : 1);
            }
            cache.rows(n);
            eager.texts(List.of(cache));
            Transformer.Place place = new Transformer.Place(Value.of("positions", positions.slice(0, n), null), Value.of("types", types.slice(0, n), null), cache.isLongText() ? longHeads : heads);
            Tensor hidden = transformer.trunk(eager, Value.of("ids", ids.slice(0, n), null), place).data();
            cache.advance(tokens, from, n);
            chunk.accept(from, hidden);
        }
    }

    private void growInputs(int rows) {
        if (rows > ids.elements()) {
            inputs.close();
            inputs = Arena.ofShared();
            ids = Tensor.zeros(inputs, DType.I32, rows);
            positions = Tensor.zeros(inputs, DType.I32, rows);
            types = Tensor.zeros(inputs, DType.I32, rows);
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
        eager.close();
        inputs.close();
        if (tables != null) {
            tables.close();
        }
        arena.close();
    }
}
