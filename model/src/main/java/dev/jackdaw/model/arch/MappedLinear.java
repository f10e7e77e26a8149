package dev.jackdaw.model.arch;

import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.PackedWeight;
import dev.jackdaw.tensor.Scratch;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// Linear layers whose weights stay in the file: rows are packed a tile at a time, multiplied, and forgotten.
final class MappedLinear implements AutoCloseable {
    /// Numbers in a tile: 16 MB as F32.
    private static final long TILE = 4 << 20;

    private final Device device;
    private final Scratch packed = new Scratch();
    private final Scratch result = new Scratch();

    MappedLinear(Device device) {
        this.device = device;
    }

    /// y = x·wᵀ for a w of several parts, one under the other.
    void multiply(Tensor y, Tensor x, List<WeightSource.Stored> parts) {
        long C = x.shape().width(), F = y.shape().width(), n = y.shape().rows(), at = 0;
        for (WeightSource.Stored part : parts) {
            Tensor w = part.tensor();
            long base = w.address(), rowBytes = w.type().bytes(C);
            long rows = w.shape().rows(), step = Math.clamp(TILE / C / 16 * 16, 16, Math.max(16, rows));
            for (long from = 0; from < rows; from += step) {
                long count = Math.min(step, rows - from), first = from;
                PackedWeight panels = device.pack(this::room, List.of(new PackedWeight.Source(w.type(), Math.toIntExact(count), Math.toIntExact(C),
                        row -> base + rowBytes * part.row(first + row, rows))));
                if (n == 1) {
                    device.packedLinear(y.reshape(F).slice(at + from, at + from + count).reshape(1, count), x, panels);
                    continue;
                }
                Tensor some = tensor(result, n, count);
                device.packedLinear(some, x, panels);
                for (long r = 0; r < n; r++) {
                    Memory.copy(some.address() + 4 * r * count, y.address() + 4 * (r * F + at + from), 4 * count);
                }
            }
            at += rows;
        }
    }

    private MemorySegment room(long bytes) {
        return Memory.ALL.asSlice(packed.bytes(bytes), bytes);
    }

    /// y[n,:] = w[ids[n],:]
    void embedding(Tensor y, WeightSource.Stored table, Tensor ids) {
        long C = y.shape().width();
        Tensor w = table.tensor();
        for (long n = 0; n < ids.elements(); n++) {
            Conversion.widen(y.address() + 4 * n * C, w.address() + w.type().bytes(C) * Memory.getInt(ids.address() + 4 * n), C, w.type());
        }
    }

    private static Tensor tensor(Scratch scratch, long... sizes) {
        Shape shape = Shape.of(sizes);
        return Tensor.over(Memory.ALL.asSlice(scratch.bytes(4 * shape.elements()), 4 * shape.elements()), DType.F32, shape);
    }

    @Override
    public void close() {
        packed.close();
        result.close();
    }
}
