package dev.jackdaw.model.family;

import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
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
            Tensor file = Conversion.to(arena, files.getFirst(), DType.F32), result = Tensor.zeros(arena, ours.get(which).toArray());
            move(file, result, which, ours.size(), true);
            return result;
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> ours) {
            Tensor file = Tensor.zeros(arena, shapes(ours.stream().map(Tensor::shape).toList()).getFirst().toArray());
            for (int i = 0; i < ours.size(); i++) {
                move(file, Conversion.to(arena, ours.get(i), DType.F32), i, ours.size(), false);
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
                            ours.set(here, file.get(there));
                        } else {
                            file.set(there, ours.get(here));
                        }
                    }
                }
            }
        }
    }

    /// MXFP4 (OCP Microscaling Formats 1.0): 32 numbers of 4 bits share a power of two. The file keeps blocks `[E,rows,C/32,16]`, whose
    /// bytes hold two neighbouring numbers, low half first, and exponents `[E,rows,C/32]`; ours are rows `which`, `which + parts`, ….
    record Blocks() implements Form.Own {
        @Override
        public DType type() {
            return DType.MXFP4;
        }

        /// 1 sign, 2 exponent, 1 mantissa bits.
        private static final float[] NUMBERS = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};
        private static final int BLOCK = 32;
        private static final int BIAS = 127;

        @Override
        public List<Shape> shapes(List<Shape> ours) {
            Shape one = ours.getFirst();
            long rows = one.size(1) * ours.size(), blocks = one.size(2) / BLOCK;
            return List.of(Shape.of(one.size(0), rows, blocks, BLOCK / 2), Shape.of(one.size(0), rows, blocks));
        }

        @Override
        public Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours) {
            Tensor result = Tensor.zeros(arena, ours.get(which).toArray());
            long bytes = files.get(0).address(), exponents = files.get(1).address(), to = result.address();
            long E = result.size(0), F = result.size(1), blocks = result.size(2) / BLOCK;
            for (long row = 0; row < E * F; row++) {
                long there = row / F * F * ours.size() + row % F * ours.size() + which;
                for (long b = 0; b < blocks; b++) {
                    double scale = Math.scalb(1.0, (Memory.getByte(exponents + there * blocks + b) & 255) - BIAS);
                    for (int i = 0; i < BLOCK / 2; i++) {
                        int pair = Memory.getByte(bytes + (there * blocks + b) * BLOCK / 2 + i) & 255;
                        long at = to + 4 * (row * result.size(2) + b * BLOCK + 2 * i);
                        Memory.putFloat(at, (float) (NUMBERS[pair & 15] * scale));
                        Memory.putFloat(at + 4, (float) (NUMBERS[pair >> 4] * scale));
                    }
                }
            }
            return result;
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> ours) {
            throw new UnsupportedOperationException("export: experts are not written as MXFP4 blocks; choose bf16");
        }
    }
}
