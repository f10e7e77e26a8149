package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// One pass of training (or of evaluation) written down: operations in order, and a place in one arena for every buffer.
///
/// Shapes never change while a model trains, so who needs which buffer until when is known beforehand. Buffers whose lives do not
/// overlap share memory; the total is known before the first step. Running a plan allocates nothing.
///
/// Time runs `0 … n−1` forward and `n … 2n−1` backward; operation `i` runs backward at `2n−1−i`.
public final class Plan {
    private static final long NOTHING_DROPPED = -1;

    private final List<Op> ops;
    private final List<Buffer> buffers;
    private final Value[] zeroBefore;        // the gradient that operation i is the first to add to, on the way back
    private final boolean[] addsToInput;     // operation i is not the first to reach the gradient of its input
    private final long bytes;

    private Plan(List<Op> ops, List<Buffer> buffers, Value[] zeroBefore, boolean[] addsToInput) {
        this.ops = ops;
        this.buffers = buffers;
        this.zeroBefore = zeroBefore;
        this.addsToInput = addsToInput;
        bytes = place(buffers);
    }

    /// Lays out what was recorded. A plan that is not for training keeps nothing for the way back.
    public static Plan of(Recorder recorder, boolean training) {
        List<Op> ops = List.copyOf(recorder.ops());
        Lives lives = new Lives(ops.size());
        for (int i = 0; i < ops.size(); i++) {
            lives.record(ops.get(i), i, training);
        }
        lives.settle();
        return new Plan(ops, lives.buffers(), lives.zeroBefore, lives.addsToInput);
    }

    /// Bytes of activations and their gradients.
    public long bytes() {
        return bytes;
    }

    /// Gives every buffer its memory. Must be called once before the plan runs.
    public Plan allocate(Arena arena) {
        MemorySegment memory = arena.allocate(Math.max(bytes, 1), Memory.ALIGNMENT);
        for (Buffer buffer : buffers) {
            for (Value value : buffer.values) {
                Tensor place = Tensor.over(memory.asSlice(buffer.offset, value.bytes()), DType.F32, Shape.of(value.shape().elements()));
                if (buffer.isGradient) {
                    value.placeGradient(place);
                } else {
                    value.placeData(place);
                }
            }
        }
        return this;
    }

    /// Forward only. With a `lossScale` other than 0, the loss operation also makes the first gradients.
    public void forward(Device device, float lossScale, boolean accumulate) {
        forward(device, lossScale, accumulate, NOTHING_DROPPED);
    }

    /// @param pass for dropout, a number of its own for each pass of a training; the same on the way back
    public void forward(Device device, float lossScale, boolean accumulate, long pass) {
        for (Op op : ops) {
            Forward.run(op, device, lossScale, accumulate, pass);
        }
    }

    /// The loss operation again, with its gradients: after a [#forward] without them, where what the losses count depends on the losses.
    public void forwardLoss(Device device, float lossScale, boolean accumulate) {
        Forward.run(ops.getLast(), device, lossScale, accumulate, NOTHING_DROPPED);
    }

    public void backward(Device device, boolean accumulate) {
        backward(device, accumulate, NOTHING_DROPPED);
    }

    public void backward(Device device, boolean accumulate, long pass) {
        for (int i = ops.size() - 1; i >= 0; i--) {
            if (zeroBefore[i] != null) {
                zeroBefore[i].gradient().zero();
            }
            Backward.run(ops.get(i), device, accumulate, addsToInput[i], pass);
        }
    }

    /// A piece of memory with a life; several values may name it (a residual stream has one gradient).
    private static final class Buffer {
        final boolean isGradient;
        final List<Value> values = new ArrayList<>();
        long bytes;
        int from = Integer.MAX_VALUE;
        int to = -1;
        long offset;

        Buffer(boolean isGradient) {
            this.isGradient = isGradient;
        }
    }

    /// First fit: the largest buffers first, each at the lowest offset where nothing alive at the same time is in the way.
    private static long place(List<Buffer> buffers) {
        buffers.sort(Comparator.comparingLong((Buffer b) -> -b.bytes).thenComparingInt(b -> b.from));
        List<Buffer> placed = new ArrayList<>();
        long total = 0;
        for (Buffer buffer : buffers) {
            List<Buffer> inTheWay = placed.stream().filter(b -> b.from <= buffer.to && buffer.from <= b.to)
                    .sorted(Comparator.comparingLong(b -> b.offset)).toList();
            long offset = 0;
            for (Buffer other : inTheWay) {
                if (offset + buffer.bytes <= other.offset) {
                    break;
                }
                offset = Math.max(offset, other.offset + other.bytes);
            }
            buffer.offset = offset;
            placed.add(buffer);
            total = Math.max(total, offset + buffer.bytes);
        }
        return total;
    }

    /// How the rule of an operation reaches the gradient of something it read.
    private enum Reach {
        /// Overwrites all of it: must be the first to reach it.
        SETS,
        /// Overwrites columns that are its own.
        SETS_COLUMNS,
        /// Adds: the first to reach it needs zeros.
        ADDS,
        /// Sets if it is the first to reach it, and else adds.
        EITHER
    }

    /// Works out from when to when each buffer is needed.
    private static final class Lives {
        private record Reached(int op, Value value, Reach reach) {
        }

        private final int n;
        private final Map<Value, Buffer> data = new IdentityHashMap<>();
        private final Map<Value, Buffer> gradients = new IdentityHashMap<>();
        private final List<Buffer> order = new ArrayList<>();
        private final List<Reached> reached = new ArrayList<>();
        private final Set<Value> passedOn = Collections.newSetFromMap(new IdentityHashMap<>());       // its gradient is that of a later value
        private final Set<Value> overwritten = Collections.newSetFromMap(new IdentityHashMap<>());
        final Value[] zeroBefore;
        final boolean[] addsToInput;
        private boolean training;

        Lives(int operations) {
            n = operations;
            zeroBefore = new Value[n];
            addsToInput = new boolean[n];
        }

        List<Buffer> buffers() {
            return new ArrayList<>(order);
        }

        /// Once all lives are known: who is the first to reach a gradient. Time runs backwards there, so it is the last that read the value.
        void settle() {
            for (Reached r : reached) {
                boolean first = gradients.get(r.value).from == back(r.op);
                switch (r.reach) {
                    case SETS -> {
                        if (!first) {
                            throw new IllegalStateException("plan: operation " + r.op + " sets the gradient of " + r.value + ", which another operation reads too");
                        }
                    }
                    case SETS_COLUMNS -> { }
                    case ADDS -> zeroBefore[r.op] = first ? r.value : null;
                    case EITHER -> addsToInput[r.op] = !first;
                }
            }
        }

        void record(Op op, int i, boolean training) {
            this.training = training;
            int back = back(i);
            switch (op) {
                case Op.Embedding(_, _, var y) -> {
                    made(y, i, i);
                    finished(y, back);
                }
                case Op.RmsNorm(var x, _, _, var y, var rstd) -> {
                    made(y, i, i);
                    made(rstd, i, back);
                    used(x, back);
                    finished(y, back);
                    reach(x, i, Reach.ADDS);
                }
                case Op.Linear(var x, var w, var residual, var y) -> {
                    made(y, i, i);
                    used(x, w.isFrozen() ? i : back);
                    if (residual != null) {
                        used(residual, i);
                        passOn(residual, y);
                    }
                    finished(y, back);
                    reach(x, i, Reach.EITHER);
                }
                case Op.Adapted(var linear, _, var room) -> {
                    record(linear, i, training);
                    used(linear.x(), back);
                    made(room.inner(), i, back);
                    if (training) {
                        made(room.dInner(), back, back);
                    }
                    if (training && room.dropped() != null) {
                        made(room.dropped(), i, i);
                        made(room.again(), back, back);
                    }
                    if (room.rows() instanceof LowRank.Rows rows) {
                        made(rows.product(), i, back);
                        made(rows.factors(), i, back);
                        made(rows.inverse(), i, back);
                        made(rows.along(), i, i);
                        made(rows.gram(), i, i);
                        if (training) {
                            made(rows.dProduct(), back, back);
                        }
                    }
                }
                case Op.QkNormRope(var qkv, var qWeight, _, _, _, var y, var rstd) -> {
                    made(y, i, i);
                    made(rstd, i, back);
                    used(qkv, qWeight == null ? i : back);
                    finished(y, back);
                    reach(qkv, i, Reach.SETS_COLUMNS);
                }
                case Op.Attention(var qk, var qkv, _, _, _, _, var y, var lse) -> {
                    made(y, i, back);
                    made(lse, i, back);
                    used(qk, back);
                    used(qkv, back);
                    finished(y, back);
                    reach(qk, i, Reach.SETS);
                    reach(qkv, i, Reach.SETS_COLUMNS);
                }
                case Op.SwiGlu(var gateUp, var y) -> fromInput(gateUp, y, i);
                case Op.CrossEntropy(var x, _, _, _, _, var loss) -> {
                    made(loss, i, 2 * n - 1);         // read after the pass
                    used(x, i);
                    if (training) {
                        extend(gradientOf(x), i, i);
                    }
                }
                case Op.AddRows(var x, _, _, _, var y) -> inPlace(x, y, i, i);
                case Op.Scale(var x, _, var y) -> inPlace(x, y, i, i);
                case Op.LayerNorm(var x, _, _, _, var y, var mean, var rstd) -> {
                    made(y, i, i);
                    made(mean, i, back);
                    made(rstd, i, back);
                    used(x, back);
                    finished(y, back);
                    reach(x, i, Reach.ADDS);
                }
                case Op.Bias(var x, _, var y) -> inPlace(x, y, i, i);
                case Op.Add(var residual, var h, _, var y) -> {
                    made(y, i, i);
                    used(residual, i);
                    used(h, i);
                    passOn(residual, y);
                    finished(y, back);
                    reach(h, i, Reach.SETS);
                }
                case Op.Softcap(var x, _, var y) -> inPlace(x, y, i, back);
                case Op.TurnHeads(var qkv, var qWeight, _, _, _, _, var y, var rstd) -> {
                    made(y, i, i);
                    made(rstd, i, back);
                    used(qkv, qWeight == null ? i : back);
                    finished(y, back);
                    reach(qkv, i, Reach.SETS_COLUMNS);
                }
                case Op.HeadLayerNorm(var qkv, _, _, _, var y, var mean, var rstd) -> {
                    made(mean, i, back);
                    made(rstd, i, back);
                    fromInput(qkv, y, i);
                }
                case Op.GrowQueries(var qkv, _, _, _, _, var y) -> inPlace(qkv, y, i, i);
                case Op.Gate(var gateUp, _, var y) -> fromInput(gateUp, y, i);
                case Op.Bent(var x, _, var y) -> fromInput(x, y, i);
                case Op.GateRows(var x, var gate, var y) -> {
                    fromInput(x, y, i);
                    used(gate, back);
                    reach(gate, i, Reach.SETS);
                }
                case Op.Expert(var x, var logits, _, _, var layer, var y) -> {
                    made(y, i, i);
                    layer.kept().forEach(value -> made(value, i, back));
                    layer.whileForward().forEach(value -> made(value, i, i));
                    if (training) {
                        layer.whileBackward().forEach(value -> made(value, back, back));
                    }
                    used(x, back);
                    used(logits, back);
                    finished(y, back);
                    reach(x, i, Reach.ADDS);
                    reach(logits, i, Reach.SETS);
                }
                case Op.LatentNorm(var latent, _, _, var y, var rstd) -> {
                    made(y, i, i);
                    made(rstd, i, back);
                    used(latent, back);
                    finished(y, back);
                    reach(latent, i, Reach.SETS_COLUMNS);
                }
                case Op.LatentHeads(var q, var latent, var kv, _, _, var qk, var v) -> {
                    made(qk, i, i);
                    made(v, i, i);
                    used(q, i);
                    used(latent, i);
                    used(kv, i);
                    finished(qk, back);
                    finished(v, back);
                    reach(q, i, Reach.SETS);
                    reach(latent, i, Reach.SETS_COLUMNS);
                    reach(kv, i, Reach.SETS);
                }
                case Op.CutHeads(var x, _, var y) -> {
                    made(y, i, i);
                    used(x, i);
                    finished(y, back);
                    reach(x, i, Reach.SETS);
                }
            }
        }

        /// When operation `i` runs backward.
        private int back(int i) {
            return training ? 2 * n - 1 - i : i;
        }

        /// y is made from x, and so is the gradient of x from that of y.
        private void fromInput(Value x, Value y, int i) {
            made(y, i, i);
            used(x, back(i));
            finished(y, back(i));
            reach(x, i, Reach.SETS);
        }

        /// y takes the place of x, and the gradient of x that of y. Nobody may need x afterwards.
        private void inPlace(Value x, Value y, int i, int neededUntil) {
            used(x, i);
            Buffer buffer = data.get(x);
            if (buffer == null || buffer.to > i) {
                throw new IllegalStateException("plan: operation " + i + " overwrites " + x + ", which is needed until " + (buffer == null ? "the end" : buffer.to));
            }
            buffer.values.add(y);
            data.put(y, buffer);
            extend(buffer, i, neededUntil);
            overwritten.add(x);
            passOn(x, y);
            finished(y, back(i));
        }

        private void made(Value value, int from, int to) {
            extend(data.computeIfAbsent(value, v -> buffer(v, false)), from, to);
        }

        private void used(Value value, int time) {
            if (overwritten.contains(value)) {
                throw new IllegalStateException("plan: " + value + " is read after something took its place");
            }
            if (!value.isPlaced()) {
                made(value, time, time);
            }
        }

        /// The gradient of a result is complete, and read, at `time`.
        private void finished(Value value, int time) {
            if (training) {
                extend(gradientOf(value), time, time);
            }
        }

        private void reach(Value value, int op, Reach reach) {
            if (!training || value.isPlaced()) {
                return;
            }
            if (passedOn.contains(value)) {
                throw new IllegalStateException("plan: operation " + op + " reads " + value + " after it was added to; its gradient is that of the sum by then");
            }
            extend(gradientOf(value), back(op), back(op));
            reached.add(new Reached(op, value, reach));
        }

        private Buffer gradientOf(Value value) {
            return gradients.computeIfAbsent(value, v -> buffer(v, true));
        }

        /// y = … + x: the gradient of y is the gradient of x.
        private void passOn(Value x, Value y) {
            if (training) {
                Buffer buffer = gradientOf(x);
                buffer.values.add(y);
                gradients.put(y, buffer);
                passedOn.add(x);
            }
        }

        private Buffer buffer(Value value, boolean isGradient) {
            Buffer buffer = new Buffer(isGradient);
            buffer.values.add(value);
            buffer.bytes = (value.bytes() + Memory.ALIGNMENT - 1) / Memory.ALIGNMENT * Memory.ALIGNMENT;
            order.add(buffer);
            return buffer;
        }

        private static void extend(Buffer buffer, int from, int to) {
            buffer.from = Math.min(buffer.from, from);
            buffer.to = Math.max(buffer.to, to);
        }
    }
}
