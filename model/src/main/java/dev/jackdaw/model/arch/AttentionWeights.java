package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.LatentOperations;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.AttentionRule;
import dev.jackdaw.tensor.kernel.Heads;
import java.util.Arrays;

/// How strongly every position of a text looks at every other, in each head of each layer:
///
/// ```
/// s[j] = scale · q[i]·k[j],  then cap · tanh(s / cap)        p[i,j] = softmax over what i sees (and the sink)
/// ```
///
/// Kernels never form these numbers, they sum as they go. So they are worked out once more, from the queries and keys that met, in double
/// precision and without haste. A row sums to 1; with a sink, to what the sink leaves.
public final class AttentionWeights implements Observer {
    private final int length;
    private final float[][][][] weights;      // [layer][head][query][key]
    private final float[][][] keys;           // [layer][key][K·D], of the parts so far

    /// For a text of `length` tokens. Takes `layers · heads · length²` numbers.
    public AttentionWeights(ModelSpec spec, int length) {
        this.length = length;
        weights = new float[spec.layers()][][][];
        keys = new float[spec.layers()][][];
        for (int layer = 0; layer < weights.length; layer++) {
            weights[layer] = new float[spec.blocks().get(layer).attention().heads()][length][];
            keys[layer] = new float[length][];
        }
    }

    public int layers() {
        return weights.length;
    }

    public int heads(int layer) {
        return weights[layer].length;
    }

    public int length() {
        return length;
    }

    /// What position `query` gives to each position of the text `[T]`; zeros where it cannot see.
    public float[] row(int layer, int head, int query) {
        return weights[layer][head][query].clone();
    }

    @Override
    public void attention(int layer, int from, Tensor qk, Heads heads, AttentionRule rule) {
        int n = Math.toIntExact(qk.shape().rows()), H = heads.queries(), K = heads.keys(), D = heads.width();
        float[] all = qk.toFloats();
        for (int i = 0; i < n; i++) {
            keys[layer][from + i] = Arrays.copyOfRange(all, i * (H + K) * D + H * D, (i + 1) * (H + K) * D);
        }
        for (int i = 0; i < n; i++) {
            for (int h = 0; h < H; h++) {
                int key = h / (H / K) * D, query = i * (H + K) * D + h * D;
                weights[layer][h][from + i] = row(layer, from + i, from + n, rule, h, j -> dot(all, query, keys[layer][j], key, D));
            }
        }
    }

    @Override
    public void latentAttention(int layer, int from, Tensor q, Tensor latent, Tensor project, LatentOperations.Latent s) {
        int n = Math.toIntExact(q.shape().rows()), P = s.plain(), R = s.turned(), V = s.value(), D = s.rank() + R;
        float[] queries = q.toFloats(), latents = latent.toFloats(), w = project.toFloats();
        for (int i = 0; i < n; i++) {
            keys[layer][from + i] = Arrays.copyOfRange(latents, i * D, (i + 1) * D);
        }
        AttentionRule rule = new AttentionRule(s.scale(), 0, 0, null, false);
        for (int h = 0; h < s.heads(); h++) {
            for (int i = 0; i < n; i++) {
                int at = (i * s.heads() + h) * (P + R);
                float[] folded = new float[D];                     // [Wᵀ·q, turned part of q], which meets the latent itself
                for (int p = 0; p < P; p++) {
                    for (int r = 0; r < s.rank(); r++) {
                        folded[r] += queries[at + p] * w[(h * (P + V) + p) * s.rank() + r];
                    }
                }
                System.arraycopy(queries, at + P, folded, s.rank(), R);
                weights[layer][h][from + i] = row(layer, from + i, from + n, rule, h, j -> dot(folded, 0, keys[layer][j], 0, D));
            }
        }
    }

    @FunctionalInterface
    private interface Score {
        double of(int key);
    }

    private float[] row(int layer, int position, int known, AttentionRule rule, int head, Score score) {
        int first = rule.window() == 0 ? 0 : Math.max(0, position - rule.window() + 1);
        int last = rule.bothWays() ? known - 1 : position;
        double[] scores = new double[last + 1];
        double sink = rule.sinks() == null ? Double.NEGATIVE_INFINITY : rule.sinks().toFloats()[head], max = sink;
        for (int j = first; j <= last; j++) {
            double s = rule.scale() * score.of(j);
            scores[j] = rule.softcap() == 0 ? s : rule.softcap() * Math.tanh(s / rule.softcap());
            max = Math.max(max, scores[j]);
        }
        double sum = Math.exp(sink - max);
        for (int j = first; j <= last; j++) {
            sum += scores[j] = Math.exp(scores[j] - max);
        }
        float[] row = new float[length];
        for (int j = first; j <= last; j++) {
            row[j] = (float) (scores[j] / sum);
        }
        return row;
    }

    private static double dot(float[] a, int i, float[] b, int j, int n) {
        double sum = 0;
        for (int d = 0; d < n; d++) {
            sum += (double) a[i + d] * b[j + d];
        }
        return sum;
    }
}
