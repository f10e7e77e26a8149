package dev.jackdaw.model.arch;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.ExpertChoice;

/// How a position thinks by itself.
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "is")
public sealed interface FeedForward {
    /// `down(bend(gate(x)) · up(x))` (Shazeer 2020, arXiv:2002.05202): SwiGLU, GeGLU.
    record Gated(int width, Bend bend, boolean bias) implements FeedForward {
        public Gated {
            Sizes.rows("feedForward", width);
        }
    }

    /// `down(bend(up(x)))`
    record Plain(int width, Bend bend, boolean bias) implements FeedForward {
        public Plain {
            Sizes.rows("feedForward", width);
        }
    }

    /// What stands between an expert's two halves and its result.
    @JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "is")
    sealed interface Gate {
    }

    /// `bend(gate) · up`
    record Bent(Bend bend) implements Gate {
    }

    /// gpt-oss: a sigmoid gate with both halves kept within a limit, `up + 1`.
    record Clamped(float limit) implements Gate {
        public Clamped {
            Sizes.factor("swiglu limit", limit);
        }
    }

    /// A gated feed-forward that every token passes, beside the experts. `gated`: its result is multiplied by σ of one more number.
    record Shared(int width, boolean gated) {
        public Shared {
            Sizes.rows("shared feedForward", width);
        }
    }

    /// Mixture of experts (Shazeer et al. 2017, arXiv:1701.06538): a router chooses a few gated feed-forwards for each token.
    ///
    /// @param count      `E`
    /// @param width      of one expert
    /// @param bias       on the experts' matrices and the router
    /// @param correction a number for each expert that is added to its score for the choice alone
    /// @param shared     or null
    record Experts(int count, int width, ExpertChoice choice, Gate gate, boolean bias, boolean correction, Shared shared) implements FeedForward {
        public Experts {
            Sizes.positive("experts", count);
            Sizes.rows("feedForward of an expert", width);
            if (choice.used() > count || count % choice.groups() != 0) {
                throw new IllegalArgumentException("model: " + choice.used() + " of " + count + " experts in " + choice.groups() + " groups");
            }
        }
    }
}
