package dev.jackdaw.train.loss;

/// How a model is taught which of two answers is the better one. Each choice is a formula on sequence log-probabilities:
///
/// `c`, `r` log π(y|x) of the chosen and the rejected answer under the model that learns, summed over the tokens of the answer; `c₀`, `r₀`
/// the same under the model that it was at first, the reference; `|c|`, `|r|` how many tokens; β how far it may leave the reference.
///
/// Derivatives are with respect to `c` and `r`, and in double precision: a trainer multiplies them with the gradients of the
/// log-likelihoods of the tokens.
public sealed interface PreferenceLoss {
    /// One answer.
    ///
    /// @param logProbability of its tokens given the prompt, summed, in nats
    /// @param reference      the same under the reference model; any number where [#needsReference()] is false
    /// @param tokens         of the answer, its end included
    record Answer(double logProbability, double reference, int tokens) {
        public Answer {
            if (tokens < 1) {
                throw new IllegalArgumentException("preference loss: an answer has " + tokens + " tokens; it must have at least 1");
            }
        }

        /// How much likelier the answer has become.
        public double ratio() {
            return logProbability - reference;
        }

        public double perToken() {
            return logProbability / tokens;
        }
    }

    /// What a loss makes of a pair.
    ///
    /// @param loss           of the pair
    /// @param dChosen        its derivative with respect to the chosen answer's log-probability
    /// @param dRejected      the same of the rejected one
    /// @param rewardChosen   what the loss takes for the worth of the chosen answer; the pair is right if it is above `rewardRejected`
    record Result(double loss, double dChosen, double dRejected, double rewardChosen, double rewardRejected) {
        public double margin() {
            return rewardChosen - rewardRejected;
        }
    }

    /// What a loss makes of one answer.
    record Single(double loss, double derivative, double reward) {
    }

    /// The losses that compare two answers to one prompt.
    sealed interface Paired extends PreferenceLoss {
        Result of(Answer chosen, Answer rejected);
    }

    /// The name on the command line.
    String label();

    boolean needsReference();

    /// Direct preference optimisation (Rafailov et al., 2023, eq. 7). With h = (c − c₀) − (r − r₀):
    ///
    ///     L = −(1 − ε) · log σ(β·h) − ε · log σ(−β·h)
    ///
    /// ε, the share of pairs that are taken to be the wrong way round, is conservative DPO (Mitchell, 2023); 0 is the plain one.
    record Dpo(double beta, double labelSmoothing) implements Paired {
        public Dpo {
            positive("beta", beta);
            if (!(labelSmoothing >= 0 && labelSmoothing < 0.5)) {
                throw new IllegalArgumentException("preference loss: label smoothing is " + labelSmoothing + "; expected 0 to less than 0.5, the share of pairs that are wrong");
            }
        }

        @Override
        public Result of(Answer chosen, Answer rejected) {
            double x = beta * (chosen.ratio() - rejected.ratio());
            double d = beta * (-(1 - labelSmoothing) * LogSigmoid.derivative(x) + labelSmoothing * LogSigmoid.derivative(-x));
            return new Result(-(1 - labelSmoothing) * LogSigmoid.of(x) - labelSmoothing * LogSigmoid.of(-x), d, -d, beta * chosen.ratio(), beta * rejected.ratio());
        }

        @Override
        public String label() {
            return "dpo";
        }

        @Override
        public boolean needsReference() {
            return true;
        }
    }

    /// Identity preference optimisation (Azar et al., 2023, eq. 17), whose margin has a goal instead of growing for ever:
    ///
    ///     L = (h − 1/(2β))²,   h = (c − c₀) − (r − r₀), or with `perToken` (c − c₀)/|c| − (r − r₀)/|r|
    ///
    /// The paper writes sums; its authors' results are said to come from means, which is what TRL computes.
    record Ipo(double beta, boolean perToken) implements Paired {
        public Ipo {
            positive("beta", beta);
        }

        @Override
        public Result of(Answer chosen, Answer rejected) {
            double nc = perToken ? chosen.tokens() : 1, nr = perToken ? rejected.tokens() : 1;
            double rewardChosen = chosen.ratio() / nc, rewardRejected = rejected.ratio() / nr;
            double off = rewardChosen - rewardRejected - 1 / (2 * beta);
            return new Result(off * off, 2 * off / nc, -2 * off / nr, beta * rewardChosen, beta * rewardRejected);
        }

        @Override
        public String label() {
            return "ipo";
        }

        @Override
        public boolean needsReference() {
            return true;
        }
    }

    /// Odds ratio preference optimisation (Hong et al., 2024, eq. 6 and 7), which needs no reference: it is finetuning on the chosen
    /// answer with a penalty. With m the mean log-probability of a token of an answer and o(m) = m − log(1 − e^m) its log odds:
    ///
    ///     L = −m_c − λ · log σ(o(m_c) − o(m_r))
    record Orpo(double lambda) implements Paired {
        /// 1 − e^m of a token that is certain is no longer told from 0 in single precision.
        private static final double LARGEST = -1e-6;

        public Orpo {
            positive("lambda", lambda);
        }

        @Override
        public Result of(Answer chosen, Answer rejected) {
            double mc = Math.min(LARGEST, chosen.perToken()), mr = Math.min(LARGEST, rejected.perToken());
            double x = logOdds(mc) - logOdds(mr), d = -lambda * LogSigmoid.derivative(x);
            // o′(m) = 1/(1 − e^m)
            return new Result(-mc - lambda * LogSigmoid.of(x), (-1 + d / -Math.expm1(mc)) / chosen.tokens(), -d / -Math.expm1(mr) / rejected.tokens(), mc, mr);
        }

        private static double logOdds(double m) {
            return m - (m > -Math.log(2) ? Math.log(-Math.expm1(m)) : Math.log1p(-Math.exp(m)));
        }

        @Override
        public String label() {
            return "orpo";
        }

        @Override
        public boolean needsReference() {
            return false;
        }
    }

    /// Simple preference optimisation (Meng et al., 2024, eq. 6): the mean log-probability of a token is the reward, no reference.
    ///
    ///     L = −log σ(β·c/|c| − β·r/|r| − γ)
    ///
    /// @param gamma by how much the chosen answer should be better
    record Simpo(double beta, double gamma) implements Paired {
        public Simpo {
            positive("beta", beta);
            if (!(gamma >= 0) || Double.isInfinite(gamma)) {
                throw new IllegalArgumentException("preference loss: gamma is " + gamma + "; expected 0 or a positive number");
            }
        }

        @Override
        public Result of(Answer chosen, Answer rejected) {
            double rewardChosen = beta * chosen.perToken(), rewardRejected = beta * rejected.perToken();
            double x = rewardChosen - rewardRejected - gamma, d = -beta * LogSigmoid.derivative(x);
            return new Result(-LogSigmoid.of(x), d / chosen.tokens(), -d / rejected.tokens(), rewardChosen, rewardRejected);
        }

        @Override
        public String label() {
            return "simpo";
        }

        @Override
        public boolean needsReference() {
            return false;
        }
    }

    /// Kahneman-Tversky optimisation (Ethayarajh et al., 2024, eq. 7), for answers that were each called good or bad. With y the
    /// log-probability of an answer and z how far the model has moved from the reference in general:
    ///
    ///     L = λ_D · (1 − σ(β·((y − y₀) − z))) for a good one,  λ_U · (1 − σ(β·(z − (y − y₀)))) for a bad one
    ///
    /// No gradient flows through z, see [#divergence].
    record Kto(double beta, double desirableWeight, double undesirableWeight) implements PreferenceLoss {
        public Kto {
            positive("beta", beta);
            positive("the weight of desirable answers", desirableWeight);
            positive("the weight of undesirable answers", undesirableWeight);
        }

        public Single of(Answer answer, boolean isDesirable, double divergence) {
            double sign = isDesirable ? 1 : -1, weight = isDesirable ? desirableWeight : undesirableWeight;
            double s = LogSigmoid.sigmoid(sign * beta * (answer.ratio() - divergence));
            return new Single(weight * (1 - s), -weight * sign * beta * s * (1 - s), beta * answer.ratio());
        }

        /// z of a batch: the mean of log π(y′|x) − log π₀(y′|x) over prompts x with answers y′ that belong to other prompts, at least 0.
        public static double divergence(double[] ratios) {
            double sum = 0;
            for (double ratio : ratios) {
                sum += ratio;
            }
            return ratios.length == 0 ? 0 : Math.max(0, sum / ratios.length);
        }

        @Override
        public String label() {
            return "kto";
        }

        @Override
        public boolean needsReference() {
            return true;
        }
    }

    private static void positive(String name, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException("preference loss: " + name + " is " + value + "; expected a positive number");
        }
    }
}
