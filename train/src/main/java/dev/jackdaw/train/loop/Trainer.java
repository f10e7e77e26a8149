package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.RopeTable;
import dev.jackdaw.model.arch.Transformer;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Plan;
import dev.jackdaw.tensor.grad.Recorder;
import dev.jackdaw.tensor.grad.Value;
import dev.jackdaw.train.optim.Optimizer;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;

/// Trains a model, one step at a time. Knows nothing of files, clocks or reports.
///
/// The forward pass is recorded once; every step replays it. All memory is allocated here, before the first step.
public final class Trainer implements AutoCloseable {
    /// What one step did.
    ///
    /// @param loss         mean over the targets that count, in nats
    /// @param gradientNorm global, before clipping
    public record Step(long number, double loss, double gradientNorm) {
    }

    /// Packed operands, a chunk of logits, and the Java heap.
    private static final long DEVICE_BYTES = 256L << 20;

    private final Arena arena = Arena.ofShared();
    private final TrainSettings settings;
    private final Device device;
    private final FlatWeights weights;
    private final Transformer transformer;
    private final Optimizer optimizer;
    private final Tensor ids;                 // [B,T] of the whole step
    private final Tensor targets;             // [B,T]
    private final Value passIds;              // [N] of one pass
    private final Value passTargets;          // [N]
    private final Value positions;            // [N]
    private final Value losses;               // [N]
    private final Plan plan;

    public Trainer(TrainSettings settings, Device device) {
        this.settings = settings;
        this.device = device;
        ModelSpec spec = settings.model();
        int T = settings.context();
        long n = (long) settings.pass() * T;
        weights = new FlatWeights(arena, spec);
        transformer = new Transformer(spec, weights);
        optimizer = new Optimizer(weights, settings.optimizer());
        ids = Tensor.zeros(arena, DType.I32, settings.batch(), T);
        targets = Tensor.zeros(arena, DType.I32, settings.batch(), T);
        passIds = Value.of("ids", Tensor.zeros(arena, DType.I32, n), null);
        passTargets = Value.of("targets", Tensor.zeros(arena, DType.I32, n), null);
        positions = Value.of("positions", positions(arena, n, T), null);
        Recorder recorder = new Recorder(T);
        losses = recorder.crossEntropy(transformer.trunk(recorder, passIds, new Transformer.Place(positions, RopeTable.heads(arena, spec, T))), transformer.head(), passTargets);
        plan = Plan.of(recorder, true).allocate(arena);
        Initialization.initialize(weights, settings);
    }

    static Tensor positions(Arena arena, long n, int T) {
        Tensor positions = Tensor.zeros(arena, DType.I32, n);
        for (long i = 0; i < n; i++) {
            Memory.putInt(positions.address() + 4 * i, (int) (i % T));
        }
        return positions;
    }

    /// One step: gradients of the mean loss over the whole batch, pass by pass, then the optimizer.
    public Step step(BatchSource source) {
        source.next(ids, targets);
        double loss = gradients();
        double norm = optimizer.step(device, settings.schedule().factor(optimizer.steps()));
        return new Step(optimizer.steps(), loss, norm);
    }

    /// The gradients of the batch in [#ids()] and [#targets()]; returns the mean loss.
    double gradients() {
        long counted = count();
        if (counted == 0) {
            throw new IllegalArgumentException("training step " + (optimizer.steps() + 1) + ": none of the " + targets.elements() + " targets counts");
        }
        clearSums();
        double loss = 0;
        int passes = settings.batch() / settings.pass();
        for (int pass = 0; pass < passes; pass++) {
            long bytes = passIds.data().bytes();
            Memory.copy(ids.address() + pass * bytes, passIds.data().address(), bytes);
            Memory.copy(targets.address() + pass * bytes, passTargets.data().address(), bytes);
            plan.forward(device, 1f / counted, pass > 0);
            plan.backward(device, pass > 0);
            loss += sum(losses.data());
        }
        return loss / counted;
    }

    /// Matrices' gradients are set by the first pass; those of norms and embeddings are only ever added to.
    private void clearSums() {
        for (FlatWeights.Entry entry : weights.entries()) {
            switch (entry.parameter().role()) {
                case NORM, BIAS -> entry.gradient().zero();
                case EMBEDDING -> {
                    if (!settings.model().tiedHead()) {
                        entry.gradient().zero();
                    }
                }
                case HEAD, MATRIX, RESIDUAL_MATRIX -> { }
            }
        }
    }

    private long count() {
        long counted = 0;
        long a = targets.address();
        for (long i = 0; i < targets.elements(); i++) {
            counted += Memory.getInt(a + 4 * i) >= 0 ? 1 : 0;
        }
        return counted;
    }

    static double sum(Tensor values) {
        double sum = 0;
        long a = values.address();
        for (long i = 0; i < values.elements(); i++) {
            sum += Memory.getFloat(a + 4 * i);
        }
        return sum;
    }

    public TrainSettings settings() {
        return settings;
    }

    public Device device() {
        return device;
    }

    public FlatWeights weights() {
        return weights;
    }

    public Transformer transformer() {
        return transformer;
    }

    public Optimizer optimizer() {
        return optimizer;
    }

    /// The batch of the step, for tests and fixtures that bring their own tokens.
    Tensor ids() {
        return ids;
    }

    Tensor targets() {
        return targets;
    }

    /// Bytes that training with these settings will take: weights, gradients, two moments, activations, and the device's own buffers.
    /// Worked out from shapes; allocates nothing.
    public static long bytesNeeded(TrainSettings settings) {
        ModelSpec spec = settings.model();
        Map<String, long[]> sizes = new HashMap<>();
        spec.parameters().forEach(parameter -> sizes.put(parameter.name(), parameter.sizes()));
        Transformer shapes = new Transformer(spec, names -> {
            long[] joined = sizes.get(names[0]).clone();
            for (int i = 1; i < names.length; i++) {
                joined[0] += sizes.get(names[i])[0];
            }
            return Value.planned(names[0], joined);
        });
        Value ids = Value.planned("ids", (long) settings.pass() * settings.context());
        Recorder recorder = new Recorder(settings.context());
        recorder.crossEntropy(shapes.trunk(recorder, ids, new Transformer.Place(ids, RopeTable.heads(null, spec, 0))), shapes.head(), ids);
        return 4 * 4 * spec.parameterCount() + Plan.of(recorder, true).bytes() + DEVICE_BYTES;
    }

    @Override
    public void close() {
        optimizer.close();
        arena.close();
    }
}
