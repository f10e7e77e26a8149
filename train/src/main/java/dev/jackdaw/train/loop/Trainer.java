package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.RopeTable;
import dev.jackdaw.model.arch.Transformer;
import dev.jackdaw.model.arch.WeightShapes;
import dev.jackdaw.model.arch.Weights;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Plan;
import dev.jackdaw.tensor.grad.Recorder;
import dev.jackdaw.tensor.grad.Value;
import dev.jackdaw.train.optim.Optimizer;
import java.lang.foreign.Arena;

/// Trains a model, or a part of one, one step at a time. Knows nothing of files, clocks or reports.
///
/// A model that ends in scores ([ModelSpec.Reward]) has no losses of its own: what is called the loss of a position is its score, and
/// [#gradients(float,Weighing)] is told the derivative of the real loss with respect to it.
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
    private final Batch batch;                // [B,T] of the whole step
    private final Batch pass;                 // the part of it that goes through at once
    private final Tensor positions;           // [N] of one pass
    private final boolean scores;             // they are scores
    private final Value passLosses;           // [N]
    private final Tensor losses;              // [B,T]
    private final Plan plan;

    /// Trains all weights of a new model.
    public Trainer(TrainSettings settings, Device device) {
        this(settings, device, null, null);
        Initialization.initialize(weights, settings);
    }

    /// Trains a part of the weights of a model, as they are.
    ///
    /// @param model   all weights; those without a gradient stay as they are. Null: `trained`
    /// @param trained those that move; they must outlive the trainer. Null: new ones, all of the model
    public Trainer(TrainSettings settings, Device device, Weights model, FlatWeights trained) {
        this.settings = settings;
        this.device = device;
        ModelSpec spec = settings.model();
        int T = settings.context();
        weights = trained == null ? new FlatWeights(arena, spec.parameters()) : trained;
        transformer = new Transformer(spec, model == null ? weights : model);
        optimizer = new Optimizer(weights, settings.optimizer());
        batch = Batch.allocate(arena, settings.batch(), T);
        pass = Batch.allocate(arena, settings.pass(), T);
        losses = Tensor.zeros(arena, settings.batch(), T);
        positions = Tensor.zeros(arena, DType.I32, settings.pass(), T);
        Recorder recorder = new Recorder(T, input("starts", pass.starts()));
        scores = spec.output() instanceof ModelSpec.Reward;
        passLosses = output(recorder, transformer, weights, input("ids", pass.ids()), new Transformer.Place(input("positions", positions), RopeTable.heads(arena, spec, T)),
                input("targets", pass.targets()), input("weights", pass.weights()));
        plan = Plan.of(recorder, true).allocate(arena);
    }

    /// Records what a pass ends in: its losses `[N]`, or scores `[N,1]`.
    private static Value output(Recorder recorder, Transformer transformer, Weights weights, Value ids, Transformer.Place place, Value targets, Value factors) {
        return transformer.spec().output() instanceof ModelSpec.Reward ? recorder.linear(transformer.trunk(recorder, ids, place), weights.value("score.weight"), null)
                : transformer.losses(recorder, ids, place, targets, factors);
    }

    private static Value input(String name, Tensor rows) {
        return Value.of(name, rows.reshape(rows.elements()), null);
    }

    /// One step: gradients of the mean loss over the whole batch, pass by pass, then the optimizer.
    public Step step(BatchSource source) {
        fill(source);
        long counted = batch.counted();
        if (counted == 0) {
            throw new IllegalArgumentException("training step " + (optimizer.steps() + 1) + ": none of the " + batch.targets().elements() + " targets counts");
        }
        return update(gradients(1f / counted) / counted);
    }

    /// Fills the batch of the step.
    public Batch fill(BatchSource source) {
        source.next(batch.plain());
        return batch;
    }

    /// The losses `[B,T]` of the batch in nats, without their gradients; 0 where a target does not count, and anything in a pass where none does.
    /// The next call overwrites them.
    public Tensor losses() {
        for (int i = 0; i < settings.batch() / settings.pass(); i++) {
            load(i);
            if (pass.counted() > 0) {
                plan.forward(device, 0, false);
                keep(i);
            }
        }
        return losses;
    }

    /// The gradients of `scale` · Σ weight · loss over the batch; returns Σ loss. The losses are those of [#losses()] then.
    public double gradients(float scale) {
        clearSums();
        double sum = 0;
        for (int i = 0; i < settings.batch() / settings.pass(); i++) {
            load(i);
            long number = number(i);
            plan.forward(device, scale, i > 0, number);
            plan.backward(device, i > 0, number);
            keep(i);
            sum += sum(passLosses.data());
        }
        return sum;
    }

    /// Decides what the targets of a pass count in the gradient, once their losses are known.
    @FunctionalInterface
    public interface Weighing {
        /// @param row     of the batch with which the pass begins
        /// @param losses  F32 `[pass,T]` of its targets
        /// @param weights F32, as many, to be set; all zero for scores, ones for losses
        void weigh(int row, Tensor losses, Tensor weights);
    }

    /// As [#gradients(float)], with weights that follow from the losses. The trunk runs once: only the head is repeated when they are known.
    /// Passes without any target are left out, but for the first.
    public void gradients(float scale, Weighing weighing) {
        clearSums();
        for (int i = 0; i < settings.batch() / settings.pass(); i++) {
            load(i);
            if (i > 0 && pass.counted() == 0) {
                continue;
            }
            long number = number(i);
            plan.forwardOpen(device, number);
            keep(i);                               // the memory of scores may be that of their gradients
            int row = i * settings.pass();
            Tensor found = losses.slice(row, row + settings.pass());
            if (scores) {
                Tensor gradient = passLosses.gradient();
                gradient.zero();
                weighing.weigh(row, found, gradient);
                device.axpby(gradient, scale, gradient, 0);
            } else {
                weighing.weigh(row, found, pass.weights());
                plan.forwardLoss(device, scale, i > 0);
            }
            plan.backward(device, i > 0, number);
        }
    }

    /// Of a pass among all of the training, so that what dropout drops does not depend on where it was resumed.
    private long number(int pass) {
        return optimizer.steps() * (settings.batch() / settings.pass()) + pass;
    }

    /// Moves the weights against their gradients.
    ///
    /// @param loss of the step, to be shown
    public Step update(double loss) {
        double norm = optimizer.step(device, settings.schedule().factor(optimizer.steps()));
        return new Step(optimizer.steps(), loss, norm);
    }

    private void load(int number) {
        copy(batch.ids(), number, pass.ids());
        copy(batch.targets(), number, pass.targets());
        copy(batch.starts(), number, pass.starts());
        copy(batch.weights(), number, pass.weights());
        int T = settings.context();
        for (long i = 0; i < positions.elements(); i++) {
            Memory.putInt(positions.address() + 4 * i, (int) (i % T) - Memory.getInt(pass.starts().address() + 4 * i));
        }
    }

    private static void copy(Tensor whole, int number, Tensor part) {
        Memory.copy(whole.address() + number * part.bytes(), part.address(), part.bytes());
    }

    private void keep(int number) {
        Tensor found = passLosses.data();
        Memory.copy(found.address(), losses.address() + number * found.bytes(), found.bytes());
    }

    /// Matrices' gradients are set by the first pass, and so is that of an embedding which is the head too; others are only ever added to.
    private void clearSums() {
        for (FlatWeights.Entry entry : weights.entries()) {
            switch (entry.parameter().role()) {
                case NORM, BIAS -> entry.gradient().zero();
                case EMBEDDING -> {
                    if (!settings.model().tiedHead() || !entry.parameter().name().equals("model.embed_tokens.weight")) {
                        entry.gradient().zero();
                    }
                }
                case HEAD, MATRIX, RESIDUAL_MATRIX -> { }
            }
        }
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

    /// Bytes that training with these settings will take: weights, gradients, two moments, activations, and the device's own buffers.
    /// Worked out from shapes; allocates nothing.
    public static long bytesNeeded(TrainSettings settings) {
        return 4 * 4 * settings.model().parameterCount() + planBytes(settings, new WeightShapes(settings.model())) + DEVICE_BYTES;
    }

    /// The same where adapters are trained beside weights that stay as they are.
    ///
    /// @param frozen bytes of those weights, see [dev.jackdaw.model.arch.FrozenWeights#bytes]
    public static long bytesNeeded(TrainSettings settings, LoraSettings lora, long frozen) {
        ModelSpec spec = settings.model();
        long trained = LoraWeights.parameters(spec, lora).stream().mapToLong(ModelSpec.Parameter::elements).sum();
        return frozen + 4 * 4 * trained + planBytes(settings, LoraWeights.shapes(spec, new WeightShapes(spec), lora)) + DEVICE_BYTES;
    }

    private static long planBytes(TrainSettings settings, Weights shapes) {
        ModelSpec spec = settings.model();
        Value ids = Value.planned("ids", (long) settings.pass() * settings.context());
        Recorder recorder = new Recorder(settings.context());
        output(recorder, new Transformer(spec, shapes), shapes, ids, new Transformer.Place(ids, RopeTable.heads(null, spec, 0)), ids, null);
        return Plan.of(recorder, true).bytes();
    }

    @Override
    public void close() {
        optimizer.close();
        arena.close();
    }
}
