package dev.jackdaw.model.arch;

import com.fasterxml.jackson.annotation.JsonTypeInfo;

/// How a position looks at others.
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "is")
public sealed interface Attention {
    /// Query heads.
    int heads();

    Rope rope();

    /// What positions see.
    @JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "is")
    sealed interface Reach {
    }

    /// Itself and everything before it.
    record Before() implements Reach {
    }

    /// Itself and the `positions − 1` before it.
    record Window(int positions) implements Reach {
        public Window {
            if (positions < 1) {
                throw new IllegalArgumentException("model: sliding window " + positions + "; it must be at least 1");
            }
        }
    }

    /// The whole text: encoders.
    record Everything() implements Reach {
    }

    /// A norm on queries and keys before they turn.
    enum HeadNorm {
        NONE,
        /// RMSNorm of each head, one weight `[D]` for all (Qwen3).
        EACH_HEAD,
        /// RMSNorm of all heads together, weights `[H·D]` (OLMo 2).
        WHOLE_PROJECTION,
        /// LayerNorm of each head, each with weights of its own, `[H,D]` (Command R+).
        OWN_LAYER_NORM
    }

    /// Queries grow with their position: `q · (1 + beta · ln(1 + ⌊position / each⌋))` (Llama 4, Ministral 3).
    record Growth(double beta, int each) {
        public static final Growth NONE = new Growth(0, 1);

        public Growth {
            if (!(beta >= 0) || beta == Double.POSITIVE_INFINITY || each < 1) {
                throw new IllegalArgumentException("model: queries grow by " + beta + " each " + each + " positions; expected 0 or more, and 1 or more");
            }
        }
    }

    /// Grouped queries (Ainslie et al. 2023, arXiv:2305.13245); all heads their own keys where `kvHeads` equals `heads`.
    ///
    /// @param heads      `H`
    /// @param kvHeads    `K`, divides H
    /// @param headWidth  `D`
    /// @param bias       on queries, keys and values
    /// @param outputBias on the output
    /// @param scale      on scores, usually 1/√D
    /// @param softcap    scores stay within ±cap; 0: no cap
    /// @param sinks      a learned score for each head that takes weight and gives nothing
    /// @param growth     of queries, by their position
    record Grouped(int heads, int kvHeads, int headWidth, Rope rope, Reach reach, HeadNorm headNorm, boolean bias, boolean outputBias,
                   float scale, float softcap, boolean sinks, Growth growth) implements Attention {
        public Grouped(int heads, int kvHeads, int headWidth, Rope rope, Reach reach, HeadNorm headNorm, boolean bias, boolean outputBias,
                       float scale, float softcap, boolean sinks) {
            this(heads, kvHeads, headWidth, rope, reach, headNorm, bias, outputBias, scale, softcap, sinks, Growth.NONE);
        }

        public Grouped {
            Sizes.positive("heads", heads);
            Sizes.positive("kvHeads", kvHeads);
            Sizes.positive("headWidth", headWidth);
            if (heads % kvHeads != 0) {
                throw new IllegalArgumentException("model: heads is " + heads + "; expected a multiple of kvHeads, " + kvHeads);
            }
            if (rope instanceof Rope.Turned turned && turned.width() > headWidth) {
                throw new IllegalArgumentException("model: rope turns " + turned.width() + " of " + headWidth + " numbers of a head");
            }
            Sizes.factor("attention scale", scale);
            if (!(softcap >= 0) || softcap == Float.POSITIVE_INFINITY) {
                throw new IllegalArgumentException("model: attention softcap is " + softcap + "; expected 0 or a positive number");
            }
        }

        public static float usualScale(int headWidth) {
            return (float) (1 / Math.sqrt(headWidth));
        }
    }

    /// Multi-head latent attention (DeepSeek-V2, arXiv:2405.04434): keys and values of all heads come from one short latent.
    ///
    /// @param queryRank width of the queries' own latent; 0: queries are projected directly
    /// @param rank      width of the latent
    /// @param plain     numbers of a query and key that know no position
    /// @param turned    numbers that do; keys share them
    /// @param value     numbers of a value
    record Latent(int heads, int queryRank, int rank, int plain, int turned, int value, Rope.Turned rope, float scale) implements Attention {
        public Latent {
            Sizes.positive("heads", heads);
            Sizes.positive("latent rank", rank);
            Sizes.positive("latent key width", plain);
            Sizes.positive("latent value width", value);
            if (queryRank < 0 || rope.width() != turned) {
                throw new IllegalArgumentException("model: latent attention with query rank " + queryRank + " and rope over " + rope.width() + " of " + turned);
            }
            Sizes.factor("attention scale", scale);
        }
    }
}
