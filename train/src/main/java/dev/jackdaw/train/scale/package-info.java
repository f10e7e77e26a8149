/// # Scaling laws
/// What a model's loss will be, from its size and the text it sees, before it is trained. Read in this order: [ScalingLaw] (the formula and
/// what is best by it), [Counting] (what a parameter is), [LawFit] (from trained models to the law, with intervals; minimised by [Bfgs]),
/// [IsoFlop] (the best size for each budget without a law), [FittedLaw] (the file that a sweep leaves and the dial reads), [Prediction]
/// (written down before a run) and its [Prediction.Check].
///
/// Not here: training anything (`sweep`), drawing (`report`).
package dev.jackdaw.train.scale;
