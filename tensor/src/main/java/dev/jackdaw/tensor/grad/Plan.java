package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// One pass of training (or of evaluation) written down: operations in order, and a place in one arena for every buffer.
///
/// Shapes never change while a model trains, so who needs which buffer until when is known beforehand. Buffers whose lives do not
/// overlap share memory; the total is known before the first step. Running a plan allocates nothing.
///
/// Time runs `0 … n−1` forward and `n … 2n−1` backward; operation `i` runs backward at `2n−1−i`.
public final class Plan {
    private final List<Op> ops;
    private final List<Buffer> buffers;
    private final Value[] zeroBefore;        // the gradient that operation i is the first to add to, on the way back
    private final long bytes;

    private Plan(List<Op> ops, List<Buffer> buffers, Value[] zeroBefore, long bytes) {
        this.ops = ops;
        this.buffers = buffers;
        this.zeroBefore = zeroBefore;
        this.bytes = bytes;
    }

    /// Lays out what was recorded. A plan that is not for training keeps nothing for the way back.
    public static Plan of(Recorder recorder, boolean training) {
        List<Op> ops = List.copyOf(recorder.ops());
        Lives lives = new Lives(ops.size());
        for (int i = 0; i < ops.size(); i++) {
            lives.record(ops.get(i), i, training);
        }
        List<Buffer> buffers = lives.buffers();
        return new Plan(ops, buffers, lives.firstAdditions(ops), place(buffers));
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
        for (Op op : ops) {
            Forward.run(op, device, lossScale, accumulate);
        }
    }

    public void backward(Device device, boolean accumulate) {
        for (int i = ops.size() - 1; i >= 0; i--) {
            if (zeroBefore[i] != null) {
                zeroBefore[i].gradient().zero();
            }
            Backward.run(ops.get(i), device, accumulate);
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

    /// Works out from when to when each buffer is needed.
    private static final class Lives {
        private final int n;
        private final Map<Value, Buffer> data = new IdentityHashMap<>();
        private final Map<Value, Buffer> gradients = new IdentityHashMap<>();
        private final List<Buffer> order = new ArrayList<>();

        Lives(int operations) {
            n = operations;
        }

        List<Buffer> buffers() {
            return new ArrayList<>(order);
        }

        /// Norms add to the gradient of the residual stream; the first one to do so needs zeros to add to.
        Value[] firstAdditions(List<Op> ops) {
            Value[] values = new Value[n];
            for (int i = 0; i < n; i++) {
                if (ops.get(i) instanceof Op.RmsNorm norm && gradients.get(norm.x()) instanceof Buffer buffer && buffer.from == 2 * n - 1 - i) {
                    values[i] = norm.x();
                }
            }
            return values;
        }

        void record(Op op, int i, boolean training) {
            int back = training ? 2 * n - 1 - i : i;
            switch (op) {
                case Op.Embedding(_, _, var y) -> {
                    made(y, i, i);
                    gradient(y, back, training);
                }
                case Op.RmsNorm(var x, _, _, var y, var rstd) -> {
                    made(y, i, i);
                    made(rstd, i, back);
                    used(x, back);
                    gradient(y, back, training);
                    gradient(x, back, training);
                }
                case Op.Linear(var x, var w, var residual, var y) -> {
                    made(y, i, i);
                    used(x, w.isFrozen() ? i : back);
                    if (residual != null) {
                        used(residual, i);
                        shareGradient(residual, y, training);
                    }
                    gradient(y, back, training);
                    gradient(x, back, training);
                }
                case Op.QkNormRope(var qkv, var qWeight, _, _, _, var y, var rstd) -> {
                    made(y, i, i);
                    made(rstd, i, back);
                    used(qkv, qWeight == null ? i : back);
                    gradient(y, back, training);
                    gradient(qkv, back, training);
                }
                case Op.Attention(var qk, var qkv, _, _, _, var y, var lse) -> {
                    made(y, i, back);
                    made(lse, i, back);
                    used(qk, back);
                    used(qkv, back);
                    gradient(y, back, training);
                    gradient(qk, back, training);
                    gradient(qkv, back, training);
                }
                case Op.SwiGlu(var gateUp, var y) -> {
                    made(y, i, i);
                    used(gateUp, back);
                    gradient(y, back, training);
                    gradient(gateUp, back, training);
                }
                case Op.CrossEntropy(var x, _, _, _, var loss) -> {
                    made(loss, i, 2 * n - 1);         // read after the pass
                    used(x, i);
                    gradient(x, i, training);
                }
            }
        }

        private void made(Value value, int from, int to) {
            extend(data.computeIfAbsent(value, v -> buffer(v, false)), from, to);
        }

        private void used(Value value, int time) {
            if (!value.isPlaced()) {
                made(value, time, time);
            }
        }

        private void gradient(Value value, int time, boolean training) {
            if (training && !value.isPlaced()) {
                extend(gradients.computeIfAbsent(value, v -> buffer(v, true)), time, time);
            }
        }

        /// y = … + x: the gradient of y is the gradient of x.
        private void shareGradient(Value x, Value y, boolean training) {
            if (training) {
                Buffer buffer = gradients.computeIfAbsent(x, v -> buffer(v, true));
                buffer.values.add(y);
                gradients.put(y, buffer);
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
