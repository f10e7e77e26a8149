package dev.jackdaw.model.family;

import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.model.format.PackedExperts;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;

/// How a gpt-oss folder keeps its experts: matrices transposed, `[E,in,out]`, gate and up in alternate columns; or as MXFP4 blocks in rows,
/// gate and up in alternate rows.
final class GptOssForms {
    private GptOssForms() {
    }

    /// Ours: `[E,F,C]` twice (alternating) or once; the file's: `[E,C,2F]` or `[E,F,C]`. Biases `[E,F]` alternate in `[E,2F]`.
    record Alternating() implements Form.Own {
        @Override
        public List<Shape> shapes(List<Shape> ours) {
            Shape one = ours.getFirst();
            return List.of(one.rank() == 2 ? Shape.of(one.size(0), one.size(1) * ours.size()) : Shape.of(one.size(0), one.size(2), one.size(1) * ours.size()));
        }

        @Override
        public Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours) {
            Tensor file = Form.loose(arena, files.getFirst()), result = Tensor.zeros(arena, file.type(), ours.get(which).toArray());
            move(file, result, which, ours.size(), true);
            return result;
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> ours) {
            List<Tensor> alike = Form.alike(arena, ours.stream().map(tensor -> Form.loose(arena, tensor)).toList());
            Tensor file = Tensor.zeros(arena, alike.getFirst().type(), shapes(ours.stream().map(Tensor::shape).toList()).getFirst().toArray());
            for (int i = 0; i < ours.size(); i++) {
                move(file, alike.get(i), i, ours.size(), false);
            }
            return List.of(file);
        }

        private static void move(Tensor file, Tensor ours, int which, int parts, boolean read) {
            boolean bias = ours.shape().rank() == 2;
            long E = ours.size(0), F = ours.size(1), C = bias ? 1 : ours.size(2);
            for (long e = 0; e < E; e++) {
                for (long f = 0; f < F; f++) {
                    for (long c = 0; c < C; c++) {
                        long there = (e * C + c) * F * parts + f * parts + which, here = (e * F + f) * C + c;
                        if (read) {
                            Form.move(file, there, ours, here);
                        } else {
                            Form.move(ours, here, file, there);
                        }
                    }
                }
            }
        }
    }

    /// MXFP4 (OCP Microscaling Formats 1.0): 32 numbers of 4 bits share a power of two. The file keeps blocks `[E,rows,C/32,16]` and
    /// exponents `[E,rows,C/32]`, see [PackedExperts]; ours are rows `which`, `which + parts`, …, as blocks of type MXFP4. No number changes.
    record Blocks() implements Form.Own {
        private static final int BLOCK = DType.MXFP4.blockElements();

        @Override
        public List<Shape> shapes(List<Shape> ours) {
            Shape one = ours.getFirst();
            long rows = one.size(1) * ours.size(), blocks = one.size(2) / BLOCK;
            if (one.size(2) % BLOCK != 0) {
                throw new IllegalArgumentException("packed experts: rows of " + one.size(2) + " do not fill blocks of " + BLOCK);
            }
            return List.of(Shape.of(one.size(0), rows, blocks, BLOCK / 2), Shape.of(one.size(0), rows, blocks));
        }

        @Override
        public Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours) {
            if (files.get(0).type() != DType.I8 || files.get(1).type() != DType.I8) {
                throw new IllegalArgumentException("packed experts: found blocks " + files.get(0) + " and scales " + files.get(1) + "; expected U8[E,R,G,16] and U8[E,R,G]");
            }
            Tensor result = Tensor.zeros(arena, DType.MXFP4, ours.get(which).toArray());
            long bytes = files.get(0).address(), exponents = files.get(1).address(), width = DType.MXFP4.blockBytes();
            long F = result.size(1), blocks = result.size(2) / BLOCK;
            for (long row = 0; row < result.size(0) * F; row++) {
                long there = (row / F * F * ours.size() + row % F * ours.size() + which) * blocks;
                for (long b = 0; b < blocks; b++) {
                    PackedExperts.unpack(bytes + (there + b) * BLOCK / 2, exponents + there + b, result.address() + (row * blocks + b) * width);
                }
            }
            return result;
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> ours) {
            List<Shape> shapes = shapes(ours.stream().map(Tensor::shape).toList());
            Tensor numbers = Tensor.zeros(arena, DType.I8, shapes.get(0).toArray()), exponents = Tensor.zeros(arena, DType.I8, shapes.get(1).toArray());
            long width = DType.MXFP4.blockBytes();
            for (int part = 0; part < ours.size(); part++) {
                Tensor from = ours.get(part).type() == DType.MXFP4 ? ours.get(part) : Conversion.to(arena, ours.get(part), DType.MXFP4);
                long F = from.size(1), blocks = from.size(2) / BLOCK;
                for (long row = 0; row < from.size(0) * F; row++) {
                    long there = (row / F * F * ours.size() + row % F * ours.size() + part) * blocks;
                    for (long b = 0; b < blocks; b++) {
                        PackedExperts.pack(from.address() + (row * blocks + b) * width, numbers.address() + (there + b) * BLOCK / 2, exponents.address() + there + b);
                    }
                }
            }
            return List.of(numbers, exponents);
        }
    }
}
