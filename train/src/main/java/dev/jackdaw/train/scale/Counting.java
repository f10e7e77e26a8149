package dev.jackdaw.train.scale;

import dev.jackdaw.model.arch.ModelSpec;

/// What counts as a parameter. For small models most of them are the embedding, so it matters: Pearce and Song (2024) trace the different
/// exponents of Kaplan et al. (2020) and Hoffmann et al. (2022) mainly to it.
public enum Counting {
    /// All but the embedding and the head (Kaplan et al., 2020).
    WITHOUT_EMBEDDINGS("without embeddings") {
        @Override
        public double of(ModelSpec model, int context) {
            return model.parameters().stream().filter(p -> p.role() != ModelSpec.Role.EMBEDDING && p.role() != ModelSpec.Role.HEAD)
                    .mapToLong(ModelSpec.Parameter::elements).sum();
        }
    },
    /// Everything (Hoffmann et al., 2022); a table that serves as embedding and as head counts once.
    WITH_EMBEDDINGS("with embeddings") {
        @Override
        public double of(ModelSpec model, int context) {
            return model.parameterCount();
        }
    },
    /// A sixth of the operations that training on one token takes: the matrices and the head as above, an embedding that is only looked up
    /// for nothing, and attention, which has no parameters but works like as many of them (after M of DeepSeek-AI, 2024).
    BY_OPERATIONS("by operations") {
        @Override
        public double of(ModelSpec model, int context) {
            double looked = model.tiedHead() ? 0 : model.parameters().stream().filter(p -> p.role() == ModelSpec.Role.EMBEDDING).mapToLong(ModelSpec.Parameter::elements).sum();
            return model.trainingFlopsPerToken(context) / 6 - looked;
        }
    };

    private final String label;

    Counting(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }

    /// `N` of a model that is trained on sequences of `context` tokens.
    public abstract double of(ModelSpec model, int context);
}
