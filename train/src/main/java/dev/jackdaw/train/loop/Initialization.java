package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.tensor.Tensor;
import java.util.SplittableRandom;

/// Where weights start: norms at 1, the embedding small, matrices so that a row of ones in keeps its size, and those that write to the
/// residual stream at zero or smaller by the depth of the model (Radford et al., 2019).
///
/// Gaussian numbers come from SplittableRandom by the method of Box and Muller in strict arithmetic, so a seed means the same weights
/// on every machine and JDK.
public final class Initialization {
    private static final double EMBEDDING = 0.02;

    private Initialization() {
    }

    public static void initialize(FlatWeights weights, TrainSettings settings) {
        SplittableRandom seeds = new SplittableRandom(settings.seed());
        for (FlatWeights.Entry entry : weights.entries()) {
            SplittableRandom random = seeds.split();
            Tensor data = entry.data();
            switch (entry.parameter().role()) {
                case NORM -> data.fill(1);
                case BIAS -> data.zero();
                case EMBEDDING, HEAD -> gaussian(data, EMBEDDING, random);
                case MATRIX -> gaussian(data, 0.5 / Math.sqrt(data.shape().width()), random);
                case RESIDUAL_MATRIX -> {
                    if (settings.zeroProjections()) {
                        data.zero();
                    } else {
                        gaussian(data, 0.5 / Math.sqrt(data.shape().width() * 2.0 * settings.model().layers()), random);
                    }
                }
            }
        }
    }

    private static void gaussian(Tensor data, double deviation, SplittableRandom random) {
        for (long i = 0; i < data.elements(); i += 2) {
            double radius = deviation * Math.sqrt(-2 * StrictMath.log(1 - random.nextDouble()));
            double angle = 2 * Math.PI * random.nextDouble();
            data.set(i, (float) (radius * StrictMath.cos(angle)));
            if (i + 1 < data.elements()) {
                data.set(i + 1, (float) (radius * StrictMath.sin(angle)));
            }
        }
    }
}
