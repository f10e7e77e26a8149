package dev.jackdaw.model.arch;

import com.fasterxml.jackson.annotation.JsonTypeInfo;

/// How a row is brought to size. Weights are what a row is multiplied by; files that keep `w − 1` (Gemma) are read as w.
@JsonTypeInfo(use = JsonTypeInfo.Id.SIMPLE_NAME, property = "is")
public sealed interface Norm {
    float epsilon();

    /// Root mean square, no mean taken away (Zhang and Sennrich, 2019).
    record Rms(float epsilon) implements Norm {
        public Rms {
            check(epsilon);
        }
    }

    /// Mean and variance (Ba et al., 2016).
    record Layer(float epsilon, boolean bias) implements Norm {
        public Layer {
            check(epsilon);
        }
    }

    private static void check(float epsilon) {
        if (!(epsilon > 0 && epsilon < 1)) {
            throw new IllegalArgumentException("model: normEpsilon is " + epsilon + "; expected a positive number below 1");
        }
    }
}
