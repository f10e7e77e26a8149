package dev.jackdaw.tensor.grad;

import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.LowRankOperations;
import dev.jackdaw.tensor.Tensor;

/// The two ways of [Op.Adapted]. With z = s·A·xᵀ and its gradient dz, everything long lies along rows:
///
/// ```
/// forward    y  = x·Wᵀ + zᵀ·Bᵀ                 backward   dz = s·Bᵀ·dyᵀ       dBᵀ = z·dy
///                                                         dx = dy·W + dzᵀ·A   dA  = dz·x
/// ```
///
/// With magnitudes, u = x·Wᵀ + zᵀ·Bᵀ, y = g∘u with g = m/‖W + s·B·A‖, du = g∘dy, dm = Σ_n dy∘u / ‖W + s·B·A‖, and the norms come from
/// ‖W‖² + 2s·B·(W·Aᵀ) + s²·B·(A·Aᵀ)·Bᵀ, row by row, so that no second matrix of W's size exists.
final class AdaptedLinear {
    private AdaptedLinear() {
    }

    static void forward(Op.Adapted op, Device device, long pass) {
        Op.Linear linear = op.linear();
        LowRank change = op.change();
        LowRank.Room room = op.room();
        LowRankOperations lowRank = device.lowRank();
        Tensor x = linear.x().data(), seen = x, inner = room.inner().data(), product = linear.y().data();
        if (room.rows() == null) {
            Forward.linear(device, product, x, linear.w(), Forward.data(linear.residual()));
        } else {
            product = room.rows().product().data();
            Forward.linear(device, product, x, linear.w(), null);
        }
        if (pass >= 0 && change.dropout() > 0) {
            seen = room.dropped().data();
            lowRank.dropout(seen, x, change.dropout(), change.seed(), pass, false);
        }
        device.matmul(inner, change.a().data(), false, seen, true);
        long rank = 0;
        for (LowRank.Part part : change.parts()) {
            Tensor z = inner.slice(rank, rank += part.rank());
            device.axpby(z, 0, z, part.scale());
            lowRank.outer(product, part.row(), z, part.b().data());
        }
        if (room.rows() != null) {
            norms(op, device);
            lowRank.scaleColumns(linear.y().data(), product, room.rows().factors().data(), Forward.data(linear.residual()));
        }
    }

    private static void norms(Op.Adapted op, Device device) {
        LowRank change = op.change();
        LowRank.Rows rows = op.room().rows();
        Tensor a = change.a().data(), along = rows.along().data(), gram = rows.gram().data();
        Forward.linear(device, along, a, op.linear().w(), null);
        device.matmul(gram, a, false, a, true);
        rows.factors().data().fill(1);
        rows.inverse().data().zero();
        long rank = 0;
        for (LowRank.Part part : change.parts()) {
            if (part.magnitude() != null) {
                device.lowRank().norms(rows.factors().data(), rows.inverse().data(), part.row(), part.magnitude().data(), change.squares().data(), along, gram, rank,
                        part.b().data(), part.scale());
            }
            rank += part.rank();
        }
    }

    static void backward(Op.Adapted op, Device device, boolean accumulate, boolean addToX, long pass) {
        Op.Linear linear = op.linear();
        LowRank change = op.change();
        LowRank.Room room = op.room();
        LowRankOperations lowRank = device.lowRank();
        Tensor x = linear.x().data(), dx = linear.x().gradient(), dy = linear.y().gradient(), inner = room.inner().data(), dInner = room.dInner().data();
        if (room.rows() != null) {
            LowRank.Rows rows = room.rows();
            for (LowRank.Part part : change.parts()) {
                if (part.magnitude() != null) {
                    lowRank.magnitudeBackward(part.magnitude().gradient(), dy, rows.product().data(), rows.inverse().data(), part.row());
                }
            }
            Tensor scaled = rows.dProduct().data();
            lowRank.scaleColumns(scaled, dy, rows.factors().data(), null);
            dy = scaled;
        }
        if (linear.w().packed() == null) {
            device.linearBackward(dx, addToX, null, x, linear.w().data(), dy, accumulate);
        } else {
            device.packedLinearBackward(dx, addToX, linear.w().packed(), dy);
        }
        long rank = 0;
        for (LowRank.Part part : change.parts()) {
            long next = rank + part.rank();
            Tensor dz = dInner.slice(rank, next);
            lowRank.outerBackward(dz, part.b().gradient(), dy, part.row(), inner.slice(rank, next), part.b().data(), accumulate);
            device.axpby(dz, 0, dz, part.scale());
            rank = next;
        }
        if (pass < 0 || change.dropout() == 0) {
            lowRank.innerBackward(dx, change.a().gradient(), dInner, x, change.a().data(), accumulate);
            return;
        }
        Tensor again = room.again().data();
        lowRank.dropout(again, x, change.dropout(), change.seed(), pass, false);
        lowRank.innerBackward(null, change.a().gradient(), dInner, again, change.a().data(), accumulate);
        device.matmul(again, dInner, true, change.a().data(), false);
        lowRank.dropout(dx, again, change.dropout(), change.seed(), pass, true);
    }
}
