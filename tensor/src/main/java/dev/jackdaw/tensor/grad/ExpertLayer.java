package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.FamilyOperations;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.kernel.Bend;
import dev.jackdaw.tensor.kernel.ExpertChoice;
import java.util.List;

/// A mixture of experts while training: rows that chose the same expert are gathered, go through it together, and are scattered again.
///
/// Each row has `used` places, sorted by expert and then by row, so a place is an address in buffers `[N·used,…]` whatever was chosen:
///
/// ```
/// said[place] = down_e · gate(gateUp_e · x[row])          y[row] = Σ_k weight[row,k] · said[place(row,k)]      in the order of choice
/// dWeight[row,k] = dy[row] · said[place]                  dSaid[place] = weight[row,k] · dy[row], and back through the expert
/// ```
///
/// What is gathered, and what stands behind the gate, is made again on the way back rather than kept. Sums run in a fixed order.
final class ExpertLayer {
    private final int n, used, E;
    private final int[][] ids;               // [N][used], the experts of a row, best first
    private final float[][] weights;         // [N][used]
    private final int[] places;              // [N·used]: where choice k of a row stands
    private final int[] rows;                // [N·used]: the row that stands there
    private final int[] first;               // [E+1]: the first place of an expert
    private final Value halves;              // [N·used,2F]
    private final Value said;                // [N·used,C]
    private final Workspace forward, backward;

    /// Buffers of one direction, each `[N·used,…]`; the last two only on the way back.
    private record Workspace(Value gathered, Value gated, Value part, Value dHalves, Value dGated) {
        static Workspace of(String name, long places, long C, long F) {
            return new Workspace(Value.planned(name + ".gathered", places, C), Value.planned(name + ".gated", places, F), Value.planned(name + ".part", places, F),
                    Value.planned(name + ".dHalves", places, 2 * F), Value.planned(name + ".dGated", places, F));
        }
    }

    private final Value dSaid;               // [N·used,C], and then the gradient of what was gathered

    private ExpertLayer(String name, int n, int used, int E, long C, long F) {
        this.n = n;
        this.used = used;
        this.E = E;
        ids = new int[n][used];
        weights = new float[n][used];
        places = new int[n * used];
        rows = new int[n * used];
        first = new int[E + 1];
        halves = Value.planned(name + ".halves", (long) n * used, 2 * F);
        said = Value.planned(name + ".said", (long) n * used, C);
        dSaid = Value.planned(name + ".dSaid", (long) n * used, C);
        forward = Workspace.of(name, (long) n * used, C, F);
        backward = Workspace.of(name + ".back", (long) n * used, C, F);
    }

    static ExpertLayer of(String name, Value x, ExpertChoice choice, Operations.Experts experts) {
        return new ExpertLayer(name, Math.toIntExact(x.rows()), choice.used(), experts.gateUp().length, x.width(), experts.gateUp()[0].rows() / 2);
    }

    List<Value> kept() {
        return List.of(halves, said);
    }

    List<Value> whileForward() {
        return List.of(forward.gathered, forward.gated, forward.part);
    }

    List<Value> whileBackward() {
        return List.of(backward.gathered, backward.gated, backward.part, backward.dHalves, backward.dGated, dSaid);
    }

    void forward(Device device, Op.Expert op) {
        FamilyOperations families = device.families();
        Operations.Experts experts = op.experts();
        route(families, op);
        gather(families, forward.gathered.data(), op.x().data());
        for (int e = 0; e < E; e++) {
            int from = first[e], to = first[e + 1];
            if (from == to) {
                continue;
            }
            Tensor in = forward.gathered.data().slice(from, to), both = halves.data().slice(from, to), h = forward.gated.data().slice(from, to), out = said.data().slice(from, to);
            long column = 0;
            for (Value part : experts.gateUp()[e].parts()) {
                boolean whole = part.rows() == both.shape().width();
                Tensor y = whole ? both : forward.part.data().slice(from, to);
                linear(device, y, in, part);
                if (!whole) {
                    families.copyColumns(both, column, y, 0, part.rows());
                }
                column += part.rows();
            }
            addBias(families, both, experts.gateUpBias(), e);
            gate(families, h, both, experts);
            linear(device, out, h, experts.down()[e]);
            addBias(families, out, experts.downBias(), e);
        }
        long y = op.y().data().address(), from = said.data().address(), C = op.y().width();
        forRows(families, row -> {
            Memory.zero(y + 4 * C * row, 4 * C);
            for (int k = 0; k < used; k++) {
                add(y + 4 * C * row, weights[row][k], from + 4 * C * places[row * used + k], C);
            }
        });
    }

    void backward(Device device, Op.Expert op, boolean accumulate) {
        FamilyOperations families = device.families();
        Operations.Experts experts = op.experts();
        long C = op.x().width(), dy = op.y().gradient().address(), out = said.data().address(), dOut = dSaid.data().address();
        long logits = op.logits().data().address(), dLogits = op.logits().gradient().address(), dx = op.x().gradient().address();
        forRows(families, row -> {
            float[] dWeights = new float[used];
            for (int k = 0; k < used; k++) {
                long at = 4 * C * places[row * used + k];
                dWeights[k] = (float) dot(dy + 4 * C * row, out + at, C);
                Memory.zero(dOut + at, 4 * C);
                add(dOut + at, weights[row][k], dy + 4 * C * row, C);
            }
            op.choice().backward(dLogits + 4L * E * row, logits + 4L * E * row, E, ids[row], dWeights);
        });
        gather(families, backward.gathered.data(), op.x().data());
        for (int e = 0; e < E; e++) {
            int from = first[e], to = first[e + 1];
            if (from == to) {
                unused(experts, e, accumulate);
                continue;
            }
            Tensor in = backward.gathered.data().slice(from, to), both = halves.data().slice(from, to), h = backward.gated.data().slice(from, to);
            Tensor d = dSaid.data().slice(from, to), dh = backward.dGated.data().slice(from, to), dBoth = backward.dHalves.data().slice(from, to);
            gate(families, h, both, experts);
            addBiasBackward(families, d, experts.downBias(), e);
            linearBackward(device, dh, false, h, experts.down()[e], d, accumulate);
            gateBackward(device, dBoth, both, dh, experts);
            addBiasBackward(families, dBoth, experts.gateUpBias(), e);
            long column = 0;
            for (Value part : experts.gateUp()[e].parts()) {
                Tensor dPart = dBoth;
                if (part.rows() < dBoth.shape().width()) {
                    dPart = backward.part.data().slice(from, to);
                    families.copyColumns(dPart, 0, dBoth, column, part.rows());
                }
                linearBackward(device, d, column > 0, in, part, dPart, accumulate);
                column += part.rows();
            }
        }
        forRows(families, row -> {
            for (int k = 0; k < used; k++) {
                add(dx + 4 * C * row, 1, dOut + 4 * C * places[row * used + k], C);
            }
        });
    }

    /// Gradients of matrices are set by the first pass; nobody else would set those of an expert that nobody chose.
    private static void unused(Operations.Experts experts, int e, boolean accumulate) {
        for (Value[] weights : new Value[][] {experts.gateUp(), experts.down()}) {
            for (Value part : weights[e].parts()) {
                if (!accumulate && part.gradient() != null) {
                    part.gradient().zero();
                }
            }
        }
    }

    private void route(FamilyOperations families, Op.Expert op) {
        Value correction = op.experts().correction();
        long logits = op.logits().data().address(), corrections = correction == null ? 0 : correction.data().address();
        forRows(families, row -> op.choice().choose(logits + 4L * E * row, E, corrections, ids[row], weights[row]));
        java.util.Arrays.fill(first, 0);
        for (int[] chosen : ids) {
            for (int e : chosen) {
                first[e + 1]++;
            }
        }
        for (int e = 0; e < E; e++) {
            first[e + 1] += first[e];
        }
        int[] next = first.clone();
        for (int row = 0; row < n; row++) {
            for (int k = 0; k < used; k++) {
                int place = next[ids[row][k]]++;
                places[row * used + k] = place;
                rows[place] = row;
            }
        }
    }

    private void gather(FamilyOperations families, Tensor gathered, Tensor x) {
        long C = x.shape().width(), to = gathered.address(), from = x.address();
        forRows(families, row -> {
            for (int k = 0; k < used; k++) {
                Memory.copy(from + 4 * C * row, to + 4 * C * places[row * used + k], 4 * C);
            }
        });
    }

    @FunctionalInterface
    private interface Row {
        void run(int row);
    }

    private void forRows(FamilyOperations families, Row work) {
        int piece = 16;
        families.forEach((n + piece - 1) / piece, part -> {
            for (int row = part * piece; row < Math.min(n, (part + 1) * piece); row++) {
                work.run(row);
            }
        });
    }

    private static void add(long y, float factor, long x, long C) {
        for (long c = 0; c < C; c++) {
            Memory.putFloat(y + 4 * c, Math.fma(factor, Memory.getFloat(x + 4 * c), Memory.getFloat(y + 4 * c)));
        }
    }

    private static double dot(long x, long y, long C) {
        double sum = 0;
        for (long c = 0; c < C; c++) {
            sum += (double) Memory.getFloat(x + 4 * c) * Memory.getFloat(y + 4 * c);
        }
        return sum;
    }

    private static void linear(Device device, Tensor y, Tensor x, Value w) {
        if (w.packed() == null) {
            device.linear(y, x, w.data(), null);
        } else {
            device.packedLinear(y, x, w.packed());
        }
    }

    private static void linearBackward(Device device, Tensor dx, boolean addToDx, Tensor x, Value w, Tensor dy, boolean accumulate) {
        if (w.packed() == null) {
            device.linearBackward(dx, addToDx, w.gradient(), x, w.data(), dy, accumulate);
        } else {
            device.packedLinearBackward(dx, addToDx, w.packed(), dy);
        }
    }

    private static void addBias(FamilyOperations families, Tensor x, Value[] biases, int e) {
        long column = 0;
        for (Value part : biases == null ? List.<Value>of() : biases[e].parts()) {
            families.addBias(x, column, part.data());
            column += part.shape().elements();
        }
    }

    private static void addBiasBackward(FamilyOperations families, Tensor dy, Value[] biases, int e) {
        long column = 0;
        for (Value part : biases == null ? List.<Value>of() : biases[e].parts()) {
            if (part.gradient() != null) {
                families.addBiasBackward(part.gradient(), dy, column);
            }
            column += part.shape().elements();
        }
    }

    private static void gate(FamilyOperations families, Tensor h, Tensor both, Operations.Experts experts) {
        if (experts.limit() > 0) {
            families.clampedGate(h, both, experts.limit());
        } else {
            families.gate(h, both, experts.bend());
        }
    }

    private static void gateBackward(Device device, Tensor dBoth, Tensor both, Tensor dh, Operations.Experts experts) {
        if (experts.limit() > 0) {
            device.families().clampedGateBackward(dBoth, both, dh, experts.limit());
        } else if (experts.bend() == Bend.SILU) {
            device.swigluBackward(dBoth, both, dh);
        } else {
            device.families().gateBackward(dBoth, both, dh, experts.bend());
        }
    }
}
