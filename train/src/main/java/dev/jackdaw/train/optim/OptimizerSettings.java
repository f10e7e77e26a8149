package dev.jackdaw.train.optim;

/// How weights are moved. Learning rates are those of the plateau; the [Schedule] scales them together.
///
/// @param muon                  matrices by Muon rather than AdamW
/// @param matrixLearningRate    of the matrices inside the layers
/// @param embeddingLearningRate of the embedding and the head
/// @param normLearningRate      of the norms' weights
/// @param beta1                 AdamW's memory of gradients
/// @param beta2                 AdamW's memory of their squares
/// @param epsilon               AdamW's guard against division by zero
/// @param muonMomentum          Muon's memory of gradients
/// @param weightDecay           of matrices and embeddings; norms do not decay
/// @param clip                  the largest global gradient norm let through; 0: no limit
public record OptimizerSettings(boolean muon, double matrixLearningRate, double embeddingLearningRate, double normLearningRate,
                                double beta1, double beta2, double epsilon, double muonMomentum, double weightDecay, double clip) {
    /// AdamW for everything, one learning rate.
    public static OptimizerSettings adamW(double learningRate, double weightDecay) {
        return new OptimizerSettings(false, learningRate, learningRate, learningRate, 0.9, 0.95, 1e-8, 0.95, weightDecay, 1.0);
    }
}
