package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.Tensor;

/// The head of a cross-encoder: `out · tanh(dense · x + b) + b′`, x the hidden state of the first position `[C]`.
record ScoreHead(Tensor dense, Tensor denseBias, Tensor out, Tensor outBias) {
    static ScoreHead of(Weights weights) {
        return new ScoreHead(weights.table("score.dense.weight").data(), weights.value("score.dense.bias").data(),
                weights.table("score.out.weight").data(), weights.value("score.out.bias").data());
    }

    float[] apply(float[] x) {
        float[] bent = linear(dense, denseBias, x);
        for (int i = 0; i < bent.length; i++) {
            bent[i] = (float) Math.tanh(bent[i]);
        }
        return linear(out, outBias, bent);
    }

    private static float[] linear(Tensor w, Tensor bias, float[] x) {
        float[] y = new float[Math.toIntExact(w.size(0))];
        for (int f = 0; f < y.length; f++) {
            double sum = bias.get(f);
            for (int c = 0; c < x.length; c++) {
                sum += (double) x[c] * w.get((long) f * x.length + c);
            }
            y[f] = (float) sum;
        }
        return y;
    }
}
