package dev.jackdaw.train.optim;

/// The trapezoid (warm-up, stay, cool down): a factor on the learning rate that rises from 0 over the first `warmup` of all steps, stays
/// at 1, and falls linearly to `floor` over the last `cooldown`. Also called warmup-stable-decay (Hu et al., 2024, MiniCPM).
///
/// @param steps    of the whole run
/// @param warmup   fraction of the steps
/// @param cooldown fraction of the steps
/// @param floor    factor at the last step
public record Schedule(long steps, double warmup, double cooldown, double floor) {
    public Schedule {
        if (steps < 1 || warmup < 0 || cooldown < 0 || warmup + cooldown > 1 || floor < 0 || floor > 1) {
            throw new IllegalArgumentException("schedule: " + steps + " steps with warm-up " + warmup + " and cool-down " + cooldown
                    + " down to " + floor + "; the fractions must be between 0 and 1 and sum to at most 1");
        }
    }

    /// Always 1.
    public static Schedule constant() {
        return new Schedule(1, 0, 0, 1);
    }

    /// The factor of `step`, which counts from 0.
    public double factor(long step) {
        double warm = warmup * steps, cool = cooldown * steps;
        if (step + 1 < warm) {
            return (step + 1) / warm;
        }
        double left = steps - step;
        return left >= cool ? 1 : floor + (1 - floor) * left / cool;
    }
}
