package dev.jackdaw.train.loss;

/// The loss of a reward model, from the scores of two answers to the same prompt (Bradley and Terry, 1952; Ouyang et al., 2022, §3.5):
///
///     L = −log σ(c − r − margin) + centering · (c + r)²
///
/// The margin of a pair says how much better its chosen answer is (Touvron et al., 2023, §3.2.2). Only differences of scores matter to the
/// first term; the second keeps their mean near zero (Eisenstein et al., 2023).
///
/// @param centering 0: none
public record BradleyTerry(double centering) {
    /// @param loss      of the pair
    /// @param dChosen   its derivative with respect to the score of the chosen answer
    /// @param dRejected the same of the rejected one
    public record Result(double loss, double dChosen, double dRejected) {
    }

    public BradleyTerry {
        if (!(centering >= 0) || Double.isInfinite(centering)) {
            throw new IllegalArgumentException("reward loss: centering is " + centering + "; expected 0 or a positive number");
        }
    }

    public Result of(double chosen, double rejected, double margin) {
        double x = chosen - rejected - margin, d = LogSigmoid.derivative(x), sum = chosen + rejected;
        return new Result(-LogSigmoid.of(x) + centering * sum * sum, -d + 2 * centering * sum, d + 2 * centering * sum);
    }
}
