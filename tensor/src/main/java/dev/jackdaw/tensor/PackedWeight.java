package dev.jackdaw.tensor;

import dev.jackdaw.tensor.kernel.PackingAsm;
import dev.jackdaw.tensor.quant.PanelFormat;
import dev.jackdaw.tensor.quant.PanelPacking;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;

/// A weight `[F,C]` packed for inference, in the number format it is stored in: panels as [PanelFormat] draws them. Several weights stacked
/// row under row, q, k and v for instance, are one if their formats agree, else several parts, each with its own panels.
public final class PackedWeight {
    /// Rows of one number format, before they are packed.
    ///
    /// @param at where each row begins in memory; the rows need not follow each other
    public record Source(DType type, int rows, int columns, PanelPacking.Rows at) {
        /// Of a row-major tensor `[…,C]`.
        public static Source of(Tensor w) {
            return new Source(w.type(), Math.toIntExact(w.shape().rows()), Math.toIntExact(w.shape().width()),
                    new PanelPacking.EvenRows(w.address(), w.type().bytes(w.shape().width())));
        }
    }

    /// @param panels the memory; [PanelFormat#bytes] of it, on a cache line
    public record Part(PanelFormat format, int rows, Tensor panels) {
    }

    private final List<Part> parts;
    private final int rows;
    private final int columns;

    private PackedWeight(List<Part> parts, int columns) {
        this.parts = List.copyOf(parts);
        this.columns = columns;
        rows = parts.stream().mapToInt(Part::rows).sum();
    }

    /// Packs the sources, one under the other, into memory that `memory` gives for a number of bytes, on a cache line.
    static PackedWeight pack(Workers workers, LongFunction<MemorySegment> memory, List<Source> sources) {
        int C = sources.getFirst().columns();
        List<Part> parts = new ArrayList<>();
        for (int i = 0, next; i < sources.size(); i = next) {
            next = i + 1;
            while (next < sources.size() && sources.get(next).type() == sources.get(i).type()) {
                next++;
            }
            List<Source> alike = sources.subList(i, next);
            PanelFormat format = PanelFormat.of(sources.get(i).type());
            int F = 0;
            for (Source source : alike) {
                if (source.columns() != C) {
                    throw new IllegalArgumentException("pack: weights of " + C + " and " + source.columns() + " columns cannot be stacked");
                }
                F = Math.addExact(F, source.rows());
            }
            long bytes = format.bytes(F, C);
            Tensor panels = Tensor.over(memory.apply(bytes), DType.I8, Shape.of(bytes));
            PackingAsm.pack(workers, panels.address(), format, F, C, stacked(alike));
            parts.add(new Part(format, F, panels));
        }
        return new PackedWeight(parts, C);
    }

    private static PanelPacking.Rows stacked(List<Source> sources) {
        if (sources.size() == 1) {
            return sources.getFirst().at();
        }
        return row -> {
            int in = row;
            for (Source source : sources) {
                if (in < source.rows()) {
                    return source.at().address(in);
                }
                in -= source.rows();
            }
            throw new IllegalArgumentException("pack: there is no row " + row);
        };
    }

    /// Bytes that so many rows take once they are packed.
    public static long bytes(DType type, int rows, int columns) {
        return PanelFormat.of(type).bytes(rows, columns);
    }

    public List<Part> parts() {
        return parts;
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    public long bytes() {
        return parts.stream().mapToLong(part -> part.panels().bytes()).sum();
    }

    /// Row `row` as F32 at `to`.
    void row(long to, int row) {
        int in = row;
        for (Part part : parts) {
            if (in < part.rows()) {
                part.format().row(to, part.panels().address(), columns, in);
                return;
            }
            in -= part.rows();
        }
    }

    @Override
    public String toString() {
        return "packed " + parts.stream().map(part -> part.format().toString()).distinct().toList() + "[" + rows + "," + columns + "]";
    }
}
