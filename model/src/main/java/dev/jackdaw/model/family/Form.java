package dev.jackdaw.model.family;

import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// How the numbers of our weights lie in the tensors of a file. Each form goes both ways.
///
/// Forms that only move rows keep the number format; those that move single numbers keep plain ones and widen blocks to F32, which loses
/// nothing.
public sealed interface Form {
    Form SAME = new Same();
    Form STACKED = new Stacked();

    /// The shapes that the file's tensors must have.
    List<Shape> shapes(List<Shape> ours);

    /// Our weight number `which`: a view, or a copy owned by `arena`.
    Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours);

    /// One expert of a weight `[E,…]`, as `[1,…]`, without touching the others.
    default Tensor expert(Arena arena, List<Tensor> files, int which, List<Shape> ours, int expert) {
        List<Shape> one = ours.stream().map(shape -> {
            long[] sizes = shape.toArray();
            sizes[0] = 1;
            return Shape.of(sizes);
        }).toList();
        return read(arena, files.stream().map(file -> file.slice(expert, expert + 1)).toList(), which, one);
    }

    /// The file's tensors, from all of ours.
    List<Tensor> write(Arena arena, List<Tensor> ours);

    /// One tensor for one weight. A single row may be written without its first dimension.
    record Same() implements Form {
        @Override
        public List<Shape> shapes(List<Shape> ours) {
            return ours;
        }

        @Override
        public Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours) {
            return files.getFirst().reshape(ours.getFirst().toArray());
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> ours) {
            return ours;
        }
    }

    /// Several weights, row under row: fused q, k, v and gate, up.
    record Stacked() implements Form {
        @Override
        public List<Shape> shapes(List<Shape> ours) {
            long[] sizes = ours.getFirst().toArray();
            sizes[0] = ours.stream().mapToLong(shape -> shape.size(0)).sum();
            return List.of(Shape.of(sizes));
        }

        @Override
        public Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours) {
            long from = ours.subList(0, which).stream().mapToLong(shape -> shape.size(0)).sum();
            return files.getFirst().slice(from, from + ours.get(which).size(0));
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> ours) {
            List<Tensor> alike = alike(arena, ours);
            Tensor all = Tensor.zeros(arena, alike.getFirst().type(), shapes(ours.stream().map(Tensor::shape).toList()).getFirst().toArray());
            long at = 0;
            for (Tensor part : alike) {
                Memory.copy(part.address(), all.address() + at, part.bytes());
                at += part.bytes();
            }
            return List.of(all);
        }
    }

    /// One tensor for each expert; the file's name holds `{e}`.
    record EachExpert(int experts) implements Form {
        @Override
        public List<Shape> shapes(List<Shape> ours) {
            long[] sizes = ours.getFirst().toArray();
            Shape one = sizes.length == 3 ? Shape.of(sizes[1], sizes[2]) : Shape.of(sizes[1]);
            return java.util.Collections.nCopies(experts, one);
        }

        @Override
        public Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours) {
            Tensor stacked = STACKED.write(arena, files).getFirst();
            return stacked.reshape(ours.getFirst().toArray());
        }

        @Override
        public Tensor expert(Arena arena, List<Tensor> files, int which, List<Shape> ours, int expert) {
            long[] sizes = ours.getFirst().toArray();
            sizes[0] = 1;
            return files.get(expert).reshape(sizes);
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> ours) {
            Shape one = shapes(List.of(ours.getFirst().shape())).getFirst();
            List<Tensor> files = new ArrayList<>();
            for (int e = 0; e < experts; e++) {
                files.add(ours.getFirst().slice(e, e + 1).reshape(one.toArray()));
            }
            return files;
        }
    }

    /// Rows of queries or keys whose rotary pairs are neighbours in the file and halves with us.
    ///
    /// ```
    /// ours, D = 8:   0 1 2 3 | 4 5 6 7        GGUF llama:   0 4 1 5 2 6 3 7
    /// ```
    record Neighbours(int heads) implements Form {
        @Override
        public List<Shape> shapes(List<Shape> ours) {
            return ours;
        }

        @Override
        public Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours) {
            return reorder(arena, files.getFirst(), false);
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> ours) {
            return List.of(reorder(arena, ours.getFirst(), true));
        }

        /// Rows are moved as bytes, so every number format will do.
        private Tensor reorder(Arena arena, Tensor weight, boolean toNeighbours) {
            Shape shape = weight.shape();
            long rows = shape.size(0);
            if (heads < 1 || rows % (2L * heads) != 0) {
                throw new IllegalArgumentException("rotary reorder: " + rows + " rows of " + weight + " are not " + heads + " heads of even width");
            }
            Tensor result = Tensor.zeros(arena, weight.type(), shape.toArray());
            long rowBytes = weight.bytes() / rows, half = rows / heads / 2;
            for (long head = 0; head < heads; head++) {
                for (long j = 0; j < half; j++) {
                    for (long side = 0; side < 2; side++) {
                        long halves = head * 2 * half + side * half + j, neighbours = head * 2 * half + 2 * j + side;
                        Memory.copy(weight.address() + (toNeighbours ? halves : neighbours) * rowBytes,
                                result.address() + (toNeighbours ? neighbours : halves) * rowBytes, rowBytes);
                    }
                }
            }
            return result;
        }
    }

    /// q, k and v of each head together: `[H,3,D]` rows (GPT-NeoX).
    record ByHead(int heads) implements Form {
        @Override
        public List<Shape> shapes(List<Shape> ours) {
            return STACKED.shapes(ours);
        }

        @Override
        public Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours) {
            Tensor file = files.getFirst(), result = Tensor.zeros(arena, file.type(), ours.get(which).toArray());
            long bytes = result.bytes() / heads;
            for (long h = 0; h < heads; h++) {
                Memory.copy(file.address() + (3 * h + which) * bytes, result.address() + h * bytes, bytes);
            }
            return result;
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> given) {
            List<Tensor> ours = alike(arena, given);
            Tensor file = Tensor.zeros(arena, ours.getFirst().type(), shapes(ours.stream().map(Tensor::shape).toList()).getFirst().toArray());
            long bytes = ours.getFirst().bytes() / heads;
            for (long h = 0; h < heads; h++) {
                for (int i = 0; i < 3; i++) {
                    Memory.copy(ours.get(i).address() + h * bytes, file.address() + (3 * h + i) * bytes, bytes);
                }
            }
            return List.of(file);
        }
    }

    /// The file holds the weight less one (Gemma's norms).
    record LessOne() implements Form {
        @Override
        public List<Shape> shapes(List<Shape> ours) {
            return ours;
        }

        @Override
        public Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours) {
            return add(arena, files.getFirst(), 1);
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> ours) {
            return List.of(add(arena, ours.getFirst(), -1));
        }

        private static Tensor add(Arena arena, Tensor from, float number) {
            Tensor result = Conversion.to(arena, from, DType.F32);
            for (long i = 0; i < result.elements(); i++) {
                result.set(i, result.get(i) + number);
            }
            return result;
        }
    }

    /// The file leaves the first rows out, which no position uses (RoBERTa in GGUF).
    record Trimmed(int rows) implements Form {
        @Override
        public List<Shape> shapes(List<Shape> ours) {
            return List.of(Shape.of(ours.getFirst().size(0) - rows, ours.getFirst().size(1)));
        }

        @Override
        public Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours) {
            Tensor file = files.getFirst(), result = Tensor.zeros(arena, file.type(), ours.getFirst().toArray());
            result.slice(rows, result.size(0)).copyFrom(file);
            return result;
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> ours) {
            return List.of(ours.getFirst().slice(rows, ours.getFirst().size(0)));
        }
    }

    /// Columns of the file are rows of ours, of one weight or of several side by side (GPT-2's Conv1D). A bias is just cut.
    record Transposed() implements Form {
        @Override
        public List<Shape> shapes(List<Shape> ours) {
            Shape stacked = STACKED.shapes(ours).getFirst();
            return stacked.rank() == 1 ? List.of(stacked) : List.of(Shape.of(stacked.size(1), stacked.size(0)));
        }

        @Override
        public Tensor read(Arena arena, List<Tensor> files, int which, List<Shape> ours) {
            if (ours.getFirst().rank() == 1) {
                return STACKED.read(arena, files, which, ours);
            }
            long from = ours.subList(0, which).stream().mapToLong(shape -> shape.size(0)).sum();
            Tensor file = loose(arena, files.getFirst()), result = Tensor.zeros(arena, file.type(), ours.get(which).toArray());
            long C = result.size(1);
            for (long row = 0; row < result.size(0); row++) {
                for (long c = 0; c < C; c++) {
                    move(file, c * file.size(1) + from + row, result, row * C + c);
                }
            }
            return result;
        }

        @Override
        public List<Tensor> write(Arena arena, List<Tensor> ours) {
            Tensor all = STACKED.write(arena, ours).getFirst();
            if (all.shape().rank() == 1) {
                return List.of(all);
            }
            Tensor rows = loose(arena, all), file = Tensor.zeros(arena, rows.type(), all.size(1), all.size(0));
            for (long row = 0; row < all.size(0); row++) {
                for (long c = 0; c < all.size(1); c++) {
                    move(rows, row * all.size(1) + c, file, c * all.size(0) + row);
                }
            }
            return List.of(file);
        }
    }

    /// In one number format: as they are if they agree, else as F32.
    static List<Tensor> alike(Arena arena, List<Tensor> tensors) {
        if (tensors.stream().map(Tensor::type).distinct().count() == 1) {
            return tensors;
        }
        return tensors.stream().map(tensor -> Conversion.to(arena, tensor, DType.F32)).toList();
    }

    /// As it is, or as F32 where single numbers cannot be moved.
    static Tensor loose(Arena arena, Tensor tensor) {
        return switch (tensor.type()) {
            case F32, F16, BF16 -> tensor;
            default -> Conversion.to(arena, tensor, DType.F32);
        };
    }

    /// One number to another place of a tensor of the same plain type.
    static void move(Tensor from, long i, Tensor to, long j) {
        if (from.type() == DType.F32) {
            Memory.putInt(to.address() + 4 * j, Memory.getInt(from.address() + 4 * i));
        } else {
            Memory.putShort(to.address() + 2 * j, Memory.getShort(from.address() + 2 * i));
        }
    }

    /// gpt-oss, whose forms are its own; see [GptOssForms].
    non-sealed interface Own extends Form {
    }
}
