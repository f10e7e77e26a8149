package dev.jackdaw.model.arch;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.List;

/// How positions reach queries and keys (Su et al. 2021, arXiv:2104.09864).
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "is")
public sealed interface Rope {
    Rope NONE = new None();

    /// Not at all: learned positions, or a layer without any.
    record None() implements Rope {
    }

    /// Pairs of numbers turn by `position · angle`.
    ///
    /// @param width      how many of a head's first numbers turn; even
    /// @param neighbours pairs are (2i, 2i+1) rather than (i, i + width/2)
    /// @param theta      base of the angles: pair i turns by θ^(−2i/width)
    record Turned(int width, boolean neighbours, double theta, Scaling scaling) implements Rope {
        public Turned {
            if (width < 2 || width % 2 != 0) {
                throw new IllegalArgumentException("model: headWidth is " + width + "; rotary positions need an even number");
            }
            if (!(theta > 0) || theta == Double.POSITIVE_INFINITY) {
                throw new IllegalArgumentException("model: ropeTheta is " + theta + "; expected a positive number");
            }
            int factors = switch (scaling) {
                case Factors f -> f.factors().size();
                case LongFactors f -> f.shortFactors().size() == f.longFactors().size() ? f.longFactors().size() : -1;
                case Unscaled _, Linear _, Llama3 _, Yarn _, Dynamic _ -> width / 2;
            };
            if (factors != width / 2) {
                throw new IllegalArgumentException("model: rope factors for " + factors + " pairs; the head turns " + width / 2);
            }
        }

        /// Angles for each position, one for each pair.
        ///
        /// @param longText the text is longer than the model was first made for; only [LongFactors] cares
        public double[] angles(boolean longText) {
            double[] angles = new double[width / 2];
            for (int i = 0; i < angles.length; i++) {
                angles[i] = Math.pow(theta, -2.0 * i / width);
            }
            switch (scaling) {
                case Unscaled _, Dynamic _ -> { }
                case Linear(double factor) -> divide(angles, i -> factor);
                case Factors(List<Float> factors) -> divide(angles, factors::get);
                case LongFactors f -> divide(angles, longText ? f.longFactors()::get : f.shortFactors()::get);
                case Llama3 s -> divide(angles, i -> s.divisor(angles[i]));
                case Yarn s -> s.blend(angles, width, theta);
            }
            return angles;
        }

        private static void divide(double[] angles, java.util.function.IntFunction<? extends Number> divisor) {
            for (int i = 0; i < angles.length; i++) {
                angles[i] /= divisor.apply(i).doubleValue();
            }
        }

        /// Factor on cosines and sines.
        public double magnitude() {
            return switch (scaling) {
                case Yarn s -> s.magnitude();
                case LongFactors s -> s.magnitude();
                case Unscaled _, Linear _, Llama3 _, Factors _, Dynamic _ -> 1;
            };
        }
    }

    /// How angles are changed so that longer texts fit.
    @JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "is")
    sealed interface Scaling {
    }

    Scaling UNSCALED = new Unscaled();

    record Unscaled() implements Scaling {
    }

    /// All angles divided by one number.
    record Linear(double factor) implements Scaling {
        public Linear {
            positive(factor);
        }
    }

    /// Dynamic NTK scaling: another base for each length beyond the model's context, none within it. Every further position would turn all
    /// positions before it anew, so a text ends at the context here; the factor is kept for files.
    record Dynamic(double factor) implements Scaling {
        public Dynamic {
            positive(factor);
        }
    }

    /// Angles divided one by one, as `rope_freqs.weight` of a GGUF file has it.
    record Factors(List<Float> factors) implements Scaling {
        public Factors {
            factors.forEach(Rope::positive);
        }
    }

    /// Llama 3.1: slow turns are divided by `factor`, fast ones stay, those between are mixed by wavelength.
    record Llama3(double factor, double low, double high, double original) implements Scaling {
        public Llama3 {
            positive(factor);
            positive(low);
            positive(original);
            positive(high - low);
        }

        double divisor(double angle) {
            double turns = original * angle / (2 * Math.PI);                 // that fit in the original context
            if (turns < low) {
                return factor;
            }
            if (turns > high) {
                return 1;
            }
            double smooth = (turns - low) / (high - low);
            return 1 / ((1 - smooth) / factor + smooth);
        }
    }

    /// YaRN (Peng et al. 2023, arXiv:2309.00071, section 3.2): pairs that turn less than `slow` times in the original context are divided
    /// by `factor`, those that turn more than `fast` times stay, a ramp between.
    ///
    /// @param truncate  the ramp begins and ends at whole pairs
    /// @param magnitude factor on cosines and sines; the paper's is 0.1 · ln(factor) + 1
    record Yarn(double factor, double original, double fast, double slow, boolean truncate, double magnitude) implements Scaling {
        public Yarn {
            positive(factor);
            positive(original);
            positive(fast);
            positive(slow);
            positive(magnitude);
        }

        public static double magnitude(double factor, double m) {
            return factor <= 1 ? 1 : 0.1 * m * Math.log(factor) + 1;
        }

        void blend(double[] angles, int width, double theta) {
            double low = pair(fast, width, theta), high = pair(slow, width, theta);
            if (truncate) {
                low = Math.floor(low);
                high = Math.ceil(high);
            }
            low = Math.max(low, 0);
            high = Math.min(high, width - 1);
            if (low == high) {
                high += 0.001;
            }
            for (int i = 0; i < angles.length; i++) {
                double ramp = Math.clamp((i - low) / (high - low), 0.0, 1.0);
                angles[i] = angles[i] / factor * ramp + angles[i] * (1 - ramp);
            }
        }

        private double pair(double turns, int width, double theta) {
            return width * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
        }
    }

    /// LongRoPE (Ding et al. 2024, arXiv:2402.13753), as Phi-3 uses it: one set of divisors for texts within the original context, another
    /// for longer ones.
    record LongFactors(List<Float> shortFactors, List<Float> longFactors, int original, double magnitude) implements Scaling {
        public LongFactors {
            shortFactors.forEach(Rope::positive);
            longFactors.forEach(Rope::positive);
            positive(original);
            positive(magnitude);
        }
    }

    private static void positive(Number value) {
        if (!(value.doubleValue() > 0) || value.doubleValue() == Double.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("model: rope scaling by " + value + "; expected positive numbers");
        }
    }
}
