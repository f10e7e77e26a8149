package dev.jackdaw.train.optim;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;

/// Moves every weight against its gradient: matrices by Muon (Jordan et al., 2024) or AdamW (Loshchilov and Hutter, 2019), embeddings,
/// head and norms by AdamW.
///
/// Muon keeps one moment, AdamW two. A Muon update is scaled to the size an AdamW update usually has, 0.2·√max(F,C) (Liu et al., 2025),
/// so both can share a weight decay.
public final class Optimizer implements AutoCloseable {
    private final FlatWeights weights;
    private final OptimizerSettings settings;
    private final Arena arena = Arena.ofShared();
    private final Tensor first;              // AdamW's m, or Muon's momentum buffer
    private final Tensor second;             // AdamW's v; Muon uses its place for the update
    private final NewtonSchulz newtonSchulz;
    private long step;

    public Optimizer(FlatWeights weights, OptimizerSettings settings) {
        this.weights = weights;
        this.settings = settings;
        first = Tensor.zeros(arena, weights.data().elements());
        second = Tensor.zeros(arena, weights.data().elements());
        long elements = 0, side = 0;
        for (FlatWeights.Entry entry : weights.entries()) {
            if (byMuon(entry)) {
                long rows = entry.data().size(-2), columns = entry.data().size(-1);
                elements = Math.max(elements, rows * columns);
                side = Math.max(side, Math.min(rows, columns));
            }
        }
        newtonSchulz = elements == 0 ? null : new NewtonSchulz(elements, side);
    }

    /// What one step did: the gradient's norm before clipping.
    public double step(Device device, double factor) {
        double norm = Math.sqrt(device.sumOfSquares(weights.gradients()));
        float scale = settings.clip() == 0 ? 1 : (float) Math.min(1, settings.clip() / (norm + 1e-6));
        step++;
        for (FlatWeights.Entry entry : weights.entries()) {
            if (byMuon(entry)) {
                muon(device, entry, (float) (settings.matrixLearningRate() * factor));
            } else {
                adamW(device, entry, (float) (learningRate(entry.parameter().role()) * factor), scale);
            }
        }
        return norm;
    }

    private boolean byMuon(FlatWeights.Entry entry) {
        return settings.muon() && switch (entry.parameter().role()) {
            case MATRIX, RESIDUAL_MATRIX -> true;
            case EMBEDDING, HEAD, NORM, BIAS -> false;
        };
    }

    private double learningRate(ModelSpec.Role role) {
        return switch (role) {
            case MATRIX, RESIDUAL_MATRIX -> settings.matrixLearningRate();
            case EMBEDDING, HEAD -> settings.embeddingLearningRate();
            case NORM, BIAS -> settings.normLearningRate();
        };
    }

    private void adamW(Device device, FlatWeights.Entry entry, float learningRate, float scale) {
        float decay = switch (entry.parameter().role()) {
            case NORM, BIAS -> 0;
            case EMBEDDING, HEAD, MATRIX, RESIDUAL_MATRIX -> (float) settings.weightDecay();
        };
        device.adamW(entry.data(), entry.gradient(), like(first, entry), like(second, entry), new Device.AdamStep(learningRate,
                (float) settings.beta1(), (float) settings.beta2(), (float) settings.epsilon(), decay, scale, step));
    }

    /// Clipping would not change a Muon step, whose size does not depend on the gradient's. Experts `[E,F,C]` are matrices each for itself.
    private void muon(Device device, FlatWeights.Entry entry, float learningRate) {
        Tensor data = entry.data(), gradient = entry.gradient(), buffer = like(first, entry), update = like(second, entry);
        long rows = data.size(-2), columns = data.size(-1);
        for (long i = 0; i < data.elements() / (rows * columns); i++) {
            Tensor step = matrix(update, i, rows, columns);
            device.momentum(step, matrix(gradient, i, rows, columns), matrix(buffer, i, rows, columns), (float) settings.muonMomentum(), 1);
            newtonSchulz.orthogonalize(device, step);
            float size = (float) (0.2 * Math.sqrt(Math.max(rows, columns)));
            device.applyUpdate(matrix(data, i, rows, columns), step, learningRate, size, (float) settings.weightDecay());
        }
    }

    private static Tensor matrix(Tensor all, long number, long rows, long columns) {
        return all.shape().rank() == 2 ? all : all.slice(number, number + 1).reshape(rows, columns);
    }

    private static Tensor like(Tensor all, FlatWeights.Entry entry) {
        Shape shape = entry.data().shape();
        return Tensor.over(all.segment().asSlice(4 * entry.offset(), 4 * shape.elements()), DType.F32, shape);
    }

    /// Everything a checkpoint must keep, by name; all F32.
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        state.put("first", first);
        state.put("second", second);
        return state;
    }

    /// Steps taken so far.
    public long steps() {
        return step;
    }

    /// Goes on from a checkpoint.
    public void resume(long steps) {
        step = steps;
    }

    public long bytes() {
        return first.bytes() + second.bytes() + (newtonSchulz == null ? 0 : newtonSchulz.bytes());
    }

    @Override
    public void close() {
        arena.close();
        if (newtonSchulz != null) {
            newtonSchulz.close();
        }
    }
}
