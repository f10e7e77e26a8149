package dev.jackdaw.lab.probe;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.AttentionWeights;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import java.util.ArrayList;
import java.util.List;

/// Where every head of every layer looks, for one prompt.
///
/// That a head looks somewhere does not prove that the model uses what it finds there (Jain and Wallace 2019, arXiv:1902.10186): the
/// maps say where information could have come from.
///
/// @param text  the prompt
/// @param heads by layer, then by head
public record AttentionMaps(ProbedText text, List<List<Head>> heads) {
    /// The page grows with the square of the prompt.
    public static final int MOST_POSITIONS = 256;
    private static final long MOST_NUMBERS = 64_000_000;

    /// @param weights `[query][key]`, rows sum to 1, or to what a sink leaves
    /// @param facts   in short
    public record Head(float[][] weights, Facts facts) {
    }

    /// Means over the positions of the prompt; null where no position counts.
    ///
    /// @param self        given to the position itself
    /// @param previous    to the one before it
    /// @param first       to the first of the text, from the third position on; many heads rest there (Xiao et al. 2023, arXiv:2309.17453)
    /// @param induction   to what followed an earlier copy of the present token; a head that does this repeats texts (Olsson et al. 2022)
    /// @param entropyBits of the row
    public record Facts(Double self, Double previous, Double first, Double induction, Double entropyBits) {
    }

    /// Reads `ids` with the adapters that the model's texts usually use.
    public static AttentionMaps of(Model model, int[] ids) {
        if (ids.length > MOST_POSITIONS) {
            throw new IllegalArgumentException("attention: the prompt has " + ids.length + " tokens; at most " + MOST_POSITIONS + " can be shown, shorten it");
        }
        Forward forward = model.forward();
        long numbers = forward.spec().blocks().stream().mapToLong(block -> block.attention().heads()).sum() * ids.length * ids.length;
        if (numbers > MOST_NUMBERS) {
            throw new IllegalArgumentException(String.format(java.util.Locale.ROOT, "attention: %,d weights of %d tokens are too many for a page, at most %,d; shorten the prompt",
                    numbers, ids.length, MOST_NUMBERS));
        }
        AttentionWeights weights = new AttentionWeights(forward.spec(), ids.length);
        try (KvCache cache = forward.newCache(ids.length)) {
            forward.watch(cache, ids, weights);
        }
        List<List<Head>> layers = new ArrayList<>();
        for (int layer = 0; layer < weights.layers(); layer++) {
            List<Head> heads = new ArrayList<>();
            for (int head = 0; head < weights.heads(layer); head++) {
                float[][] map = new float[ids.length][];
                for (int i = 0; i < map.length; i++) {
                    map[i] = weights.row(layer, head, i);
                }
                heads.add(new Head(map, facts(map, ids)));
            }
            layers.add(heads);
        }
        return new AttentionMaps(ProbedText.of(model, ids), layers);
    }

    private static Facts facts(float[][] map, int[] ids) {
        Mean self = new Mean(), previous = new Mean(), first = new Mean(), induction = new Mean(), entropy = new Mean();
        for (int i = 0; i < map.length; i++) {
            float[] row = map[i];
            self.add(row[i]);
            if (i > 0) {
                previous.add(row[i - 1]);
            }
            if (i > 1) {
                first.add(row[0]);
            }
            double copied = 0, bits = 0;
            boolean seen = false;
            for (int j = 0; j < row.length; j++) {
                bits -= row[j] > 0 ? row[j] * Math.log(row[j]) / Math.log(2) : 0;
                if (j > 0 && j < i && ids[j - 1] == ids[i]) {
                    copied += row[j];
                    seen = true;
                }
            }
            entropy.add(bits);
            if (seen) {
                induction.add(copied);
            }
        }
        return new Facts(self.value(), previous.value(), first.value(), induction.value(), entropy.value());
    }

    private static final class Mean {
        private double sum;
        private int count;

        void add(double value) {
            sum += value;
            count++;
        }

        Double value() {
            return count == 0 ? null : sum / count;
        }
    }
}
