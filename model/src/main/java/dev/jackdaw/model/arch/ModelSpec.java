package dev.jackdaw.model.arch;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.jackdaw.tensor.kernel.Bend;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What a model is: sizes and choices, no numbers. One description for every family; the readers in `family` fill it in.
///
/// @param family     name of the architecture, as GGUF spells it
/// @param vocabulary `V`, tokens
/// @param width      `C`, numbers in the residual stream
/// @param context    longest sequence the model was made for, in tokens
/// @param embedding  how ids become rows
/// @param blocks     the layers
/// @param finalNorm  before the output; null: none
/// @param output     what comes out
/// @param pooling    how rows become one vector, where the model says so
public record ModelSpec(String family, int vocabulary, int width, int context, Embedding embedding, List<Block> blocks, Norm finalNorm,
                        Output output, Pooling pooling) {
    public ModelSpec {
        Sizes.rows("vocabulary", vocabulary);
        Sizes.positive("width", width);
        if (context < 1) {
            throw new IllegalArgumentException("model: context is " + context + "; it must be at least 1");
        }
        blocks = List.copyOf(blocks);
        Sizes.positive("layers", blocks.size());
    }

    /// @param scale     factor on the rows of the table
    /// @param positions rows of a learned table of positions; 0: none
    /// @param offset    the row of the first position
    /// @param types     rows of a table of segment types, of which the first is used; 0: none
    /// @param norm      after all these were added; null: none
    public record Embedding(float scale, int positions, int offset, int types, Norm norm) {
        public static final Embedding PLAIN = new Embedding(1, 0, 0, 0, null);

        public Embedding {
            Sizes.factor("embedding scale", scale);
            if (positions < 0 || offset < 0 || types < 0) {
                throw new IllegalArgumentException("model: " + positions + " learned positions from row " + offset + ", " + types + " types");
            }
        }
    }

    /// Where the norms of a layer stand. With N a norm, A attention and F the feed-forward:
    public enum Arrangement {
        /// `x += A(N(x)); x += F(N(x))`
        BEFORE,
        /// `x += N(A(x)); x += N(F(x))` (OLMo 2)
        AFTER,
        /// `x += N(A(N(x))); x += N(F(N(x)))` (Gemma 2)
        AROUND,
        /// `x = N(x + A(x)); x = N(x + F(x))` (BERT)
        BEHIND_SUM,
        /// `x += A(N(x)) + F(N′(x))` (GPT-NeoX)
        PARALLEL,
        /// `n = N(x); x += A(n) + F(n)` (Cohere)
        PARALLEL_SHARED
    }

    /// One layer.
    ///
    /// @param residualScale factor on what is added to the stream
    public record Block(Arrangement arrangement, Norm norm, Attention attention, FeedForward feedForward, float residualScale) {
        public Block {
            Sizes.factor("residual scale", residualScale);
        }
    }

    /// What comes out at the end.
    @JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "is")
    public sealed interface Output {
    }

    /// Logits over the vocabulary.
    ///
    /// @param tied    the head is the embedding table
    /// @param scale   factor on the logits
    /// @param softcap they stay within ±cap; 0: no cap
    public record Logits(boolean tied, float scale, float softcap) implements Output {
        public Logits {
            Sizes.factor("logit scale", scale);
            if (!(softcap >= 0) || softcap == Float.POSITIVE_INFINITY) {
                throw new IllegalArgumentException("model: logit softcap is " + softcap + "; expected 0 or a positive number");
            }
        }
    }

    /// Hidden states only: an encoder.
    public record Hidden() implements Output {
    }

    /// One score for a pair of texts, from the first position: tanh of a dense layer, then another (a cross-encoder).
    public record Score(int labels) implements Output {
    }

    /// Scores of a whole text, from its last position: one linear layer without bias (a reward model; a decoder that classifies).
    public record Reward(int labels) implements Output {
        public Reward {
            Sizes.positive("labels", labels);
        }
    }

    /// How the rows of a text become its vector.
    public enum Pooling { UNSAID, MEAN, FIRST, LAST }

    /// The shape of the models we make: Llama's, with Qwen3's norm over heads on request.
    ///
    /// @param heads       `H`, query heads
    /// @param kvHeads     `K`, key and value heads; divides `H`
    /// @param headWidth   `D`, even, since rotary positions turn pairs
    /// @param feedForward `F`
    /// @param qkNorm      a norm over each query and key head (Qwen3)
    /// @param tiedHead    the output head is the embedding table
    public record Plain(String family, int vocabulary, int layers, int width, int heads, int kvHeads, int headWidth, int feedForward,
                        int context, float normEpsilon, float ropeTheta, boolean qkNorm, boolean tiedHead) {
    }

    /// A model of the plain shape.
    public static ModelSpec plain(String family, int vocabulary, int layers, int width, int heads, int kvHeads, int headWidth, int feedForward,
                                  int context, float normEpsilon, float ropeTheta, boolean qkNorm, boolean tiedHead) {
        return of(new Plain(family, vocabulary, layers, width, heads, kvHeads, headWidth, feedForward, context, normEpsilon, ropeTheta, qkNorm, tiedHead));
    }

    public static ModelSpec of(Plain p) {
        Sizes.positive("layers", p.layers);
        Sizes.positive("headWidth", p.headWidth);
        Norm norm = new Norm.Rms(p.normEpsilon);
        Attention attention = new Attention.Grouped(p.heads, p.kvHeads, p.headWidth, new Rope.Turned(p.headWidth, false, p.ropeTheta, Rope.UNSCALED),
                new Attention.Before(), p.qkNorm ? Attention.HeadNorm.EACH_HEAD : Attention.HeadNorm.NONE, false, false,
                Attention.Grouped.usualScale(p.headWidth), 0, false);
        Block block = new Block(Arrangement.BEFORE, norm, attention, new FeedForward.Gated(p.feedForward, Bend.SILU, false), 1);
        return new ModelSpec(p.family, p.vocabulary, p.width, p.context, Embedding.PLAIN, Collections.nCopies(p.layers, block), norm,
                new Logits(p.tiedHead, 1, 0), Pooling.UNSAID);
    }

    /// The plain shape of this model, where it has that.
    public Optional<Plain> plain() {
        Block first = blocks.getFirst();
        if (first.attention() instanceof Attention.Grouped a && a.rope() instanceof Rope.Turned turned && a.headWidth() % 2 == 0
                && first.feedForward() instanceof FeedForward.Gated f && output instanceof Logits head) {
            Plain plain = new Plain(family, vocabulary, blocks.size(), width, a.heads(), a.kvHeads(), a.headWidth(), f.width(), context,
                    first.norm().epsilon(), (float) turned.theta(), a.headNorm() == Attention.HeadNorm.EACH_HEAD, head.tied());
            ModelSpec again = of(plain);
            if (again.blocks.equals(blocks) && again.embedding.equals(embedding) && again.output.equals(output) && again.finalNorm.equals(finalNorm)) {
                return Optional.of(plain);
            }
        }
        return Optional.empty();
    }

    /// All that there is to say about a model without the plain shape, in JSON.
    private record Whole(String family, int vocabulary, int width, int context, Embedding embedding, List<Block> blocks, Norm finalNorm, Output output, Pooling pooling) {
    }

    /// The plain shape if it has one, which is short; else everything.
    @JsonValue
    Object json() {
        return plain().<Object>map(plain -> plain).orElseGet(() -> new Whole(family, vocabulary, width, context, embedding, blocks, finalNorm, output, pooling));
    }

    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    static ModelSpec of(JsonNode json) {
        if (!json.has("blocks")) {
            return of(JsonMapper.shared().treeToValue(json, Plain.class));
        }
        Whole w = JsonMapper.shared().treeToValue(json, Whole.class);
        return new ModelSpec(w.family, w.vocabulary, w.width, w.context, w.embedding, w.blocks, w.finalNorm, w.output, w.pooling);
    }

    /// The same trunk with another end.
    public ModelSpec withOutput(Output other) {
        return new ModelSpec(family, vocabulary, width, context, embedding, blocks, finalNorm, other, pooling);
    }

    public int layers() {
        return blocks.size();
    }

    public boolean tiedHead() {
        return output instanceof Logits head && head.tied();
    }

    /// Positions up to which a [Rope.LongFactors] model turns by its short factors; 0 in other models.
    public int originalContext() {
        return blocks.stream().map(block -> block.attention().rope()).filter(rope -> rope instanceof Rope.Turned t && t.scaling() instanceof Rope.LongFactors)
                .mapToInt(rope -> ((Rope.LongFactors) ((Rope.Turned) rope).scaling()).original()).findFirst().orElse(0);
    }

    /// A text is read in both directions.
    public boolean isEncoder() {
        return blocks.getFirst().attention() instanceof Attention.Grouped a && a.reach() instanceof Attention.Everything;
    }

    /// What a weight is for; decides how it starts, which optimizer moves it, and how it is kept for inference.
    public enum Role { EMBEDDING, HEAD, MATRIX, RESIDUAL_MATRIX, NORM, BIAS }

    /// One weight by our name for it, which for the plain shape is that of a Hugging Face file; `sizes` is `[F,C]`, `[E,F,C]` or `[C]`.
    public record Parameter(String name, Role role, long... sizes) {
        public long elements() {
            long n = 1;
            for (long size : sizes) {
                n *= size;
            }
            return n;
        }
    }

    /// All weights in the order of the computation; see [Parameters].
    public List<Parameter> parameters() {
        return Parameters.of(this);
    }

    public long parameterCount() {
        return parameters().stream().mapToLong(Parameter::elements).sum();
    }

    /// Weights that one token meets: all but those of the experts that it is not sent to.
    public long activeParameterCount() {
        long idle = 0;
        for (Block block : blocks) {
            if (block.feedForward() instanceof FeedForward.Experts e) {
                idle += 3L * (e.count() - e.choice().used()) * e.width() * width;
            }
        }
        return parameterCount() - idle;
    }

    /// Floating-point operations to train on one token: 6 for each weight that it meets, and the attention of a causal sequence of `T` tokens,
    /// of which half the square is computed, or the band of a window.
    public double trainingFlopsPerToken(int T) {
        double attention = 0;
        for (Block block : blocks) {
            attention += switch (block.attention()) {
                case Attention.Grouped a -> {
                    double seen = a.reach() instanceof Attention.Window(int positions) && positions < T ? positions - positions * (positions - 1.0) / (2.0 * T) : T / 2.0;
                    yield 12.0 * a.heads() * a.headWidth() * seen;
                }
                case Attention.Latent a -> 6.0 * a.heads() * (a.plain() + a.turned() + a.value()) * T / 2;
            };
        }
        return 6.0 * activeParameterCount() + attention;
    }
}
