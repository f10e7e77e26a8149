package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizerTest {
    @TempDir
    private Path folder;

    private Quantizer.Result quantize(Path source, Path target, FileType type, int threads) throws IOException {
        return quantize(source, target, new Quantizer.Settings(type, null, false, false), threads);
    }

    private Quantizer.Result quantize(Path source, Path target, Quantizer.Settings settings, int threads) throws IOException {
        try (Arena arena = Arena.ofShared(); Workers workers = Workers.of(threads)) {
            List<Long> progress = new ArrayList<>(List.of(0L));
            Quantizer.Result result = Quantizer.quantize(Gguf.open(source, arena), target, settings, workers, done -> {
                assertThat(done).isGreaterThan(progress.getLast());
                progress.add(done);
            });
            assertThat(progress.getLast()).isLessThanOrEqualTo(result.parameters());
            return result;
        }
    }

    @Test
    void givesTheBlocksOfTheReferenceQuantizer() throws IOException {
        for (String type : List.of("F16", "Q8_0", "Q4_0")) {
            matches(Fixtures.gguf("qwen3-F32.gguf"), Fixtures.gguf("qwen3-" + type + ".gguf"), FileType.valueOf(type));
        }
    }

    private void matches(Path source, Path expected, FileType type) throws IOException {
        Path target = folder.resolve(type + ".gguf");
        quantize(source, target, type, 2);
        try (Arena arena = Arena.ofConfined()) {
            Gguf ours = Gguf.open(target, arena);
            Gguf reference = Gguf.open(expected, arena);
            assertThat(ours.integer("general.file_type")).isEqualTo(reference.integer("general.file_type")).isEqualTo(type.code());
            for (GgufTensor tensor : reference.tensors()) {
                assertThat(ours.tensorInfo(tensor.name()).type()).as(tensor.name()).isEqualTo(tensor.type());
                assertThat(ours.bytes(tensor.name()).mismatch(reference.bytes(tensor.name()))).as("%s %s", type, tensor.name()).isEqualTo(-1);
            }
        }
    }

    /// All pairs in the fixtures beside the project, where they are present.
    @Test
    void givesTheBlocksOfTheReferenceQuantizerForAllFixtures() throws IOException {
        Path fixtures = null;
        for (Path at = Path.of("").toAbsolutePath(); at != null && fixtures == null; at = at.getParent()) {
            fixtures = Files.isDirectory(at.resolve("shared/fixtures/gguf")) ? at.resolve("shared/fixtures/gguf") : null;
        }
        if (fixtures == null) {
            return;
        }
        int pairs = 0;
        for (String model : List.of("llama", "qwen2", "qwen3", "gemma3")) {
            for (FileType type : FileType.values()) {
                Path expected = fixtures.resolve(model + "-" + type + ".gguf");
                if (type != FileType.F32 && Files.exists(expected)) {
                    matches(fixtures.resolve(model + "-F32.gguf"), expected, type);
                    pairs++;
                }
            }
        }
        assertThat(pairs).isGreaterThan(10);
    }

    @Test
    void threadsAndSplittingDoNotChangeAByte() throws IOException {
        Path source = wide(DType.F32, 2, 512);
        for (FileType type : List.of(FileType.Q4_K_M, FileType.Q2_K, FileType.IQ4_XS, FileType.TQ1_0)) {
            quantize(source, folder.resolve("one.gguf"), type, 1);
            quantize(source, folder.resolve("three.gguf"), type, 3);
            assertThat(folder.resolve("three.gguf")).hasSameBinaryContentAs(folder.resolve("one.gguf"));
            try (Arena arena = Arena.ofConfined()) {
                Gguf whole = Gguf.open(source, arena);
                GgufWriter writer = new GgufWriter();
                whole.metadata().forEach(writer::put);
                whole.tensors().forEach(tensor -> writer.add(tensor.name(), whole.tensor(tensor.name())));
                quantize(writer.writeSplit(folder, "parts" + type, 100_000).getLast(), folder.resolve("fromParts.gguf"), type, 2);
            }
            assertThat(folder.resolve("fromParts.gguf")).hasSameBinaryContentAs(folder.resolve("one.gguf"));
        }
    }

    /// A made-up model with two blocks and two experts; `[rows, columns]` of 256 and `columns`.
    private Path wide(DType type, int experts, int columns) throws IOException {
        Random random = new Random(4);
        Path path = folder.resolve("wide-" + type + ".gguf");
        try (Arena arena = Arena.ofShared()) {
            GgufWriter writer = new GgufWriter().put("general.architecture", "llama").put("llama.block_count", GgufValue.u32(2)).put("general.file_type", GgufValue.u32(0));
            for (String name : new String[] {"token_embd.weight", "output.weight", "blk.0.attn_v.weight", "blk.0.ffn_down.weight", "blk.1.ffn_down.weight", "blk.1.ffn_up_exps.weight"}) {
                Tensor tensor = name.contains("exps") ? Tensor.zeros(arena, experts, 256, columns) : Tensor.zeros(arena, 256, columns);
                for (long i = 0; i < tensor.elements(); i++) {
                    tensor.set(i, (float) random.nextGaussian());
                }
                writer.add(name, tensor, type);
            }
            writer.add("output_norm.weight", Tensor.zeros(arena, columns)).write(path);
        }
        return path;
    }

    @Test
    void importanceMovesErrorsToColumnsThatMatterLess() throws IOException {
        int columns = 256;
        Path source = wide(DType.F32, 2, columns);
        Path matrix = folder.resolve("importance.gguf");
        try (Arena arena = Arena.ofShared()) {
            GgufWriter writer = new GgufWriter().put("general.type", "imatrix").put("imatrix.datasets", GgufValue.texts(List.of("text"))).put("imatrix.chunk_count", GgufValue.u32(3));
            Tensor sums = Tensor.zeros(arena, 2, columns);
            for (int i = 0; i < columns; i++) {
                sums.set(i, i % 2 == 0 ? 1000 : 1);              // expert 0: every second column matters
                sums.set(columns + i, 0);                        // expert 1 never ran
            }
            writer.add("blk.1.ffn_up_exps.weight.in_sum2", sums).add("blk.1.ffn_up_exps.weight.counts", Tensor.of(arena, new float[] {10, 0}, 2, 1)).write(matrix);
        }
        Path plain = folder.resolve("plain.gguf");
        Path weighed = folder.resolve("weighed.gguf");
        quantize(source, plain, FileType.Q4_0, 2);
        quantize(source, weighed, new Quantizer.Settings(FileType.Q4_0, ImportanceMatrix.read(matrix), false, false), 2);
        double[] before = errors(source, plain, columns);
        double[] after = errors(source, weighed, columns);
        assertThat(after[0]).isLessThan(0.9 * before[0]);
        assertThat(after[1]).isGreaterThan(before[1]);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Gguf.open(weighed, arena).text("quantize.imatrix.dataset")).isEqualTo("text");
        }
    }

    @Test
    void olderImportanceFilesSayTheSame() throws IOException {
        Path source = wide(DType.F32, 2, 256);
        float[] sums = new float[256];
        Path now = folder.resolve("now.gguf");
        Path old = folder.resolve("imatrix.dat");
        ByteBuffer bytes = ByteBuffer.allocate(4 + 4 + 19 + 8 + 4 * 256 + 4).order(ByteOrder.LITTLE_ENDIAN).putInt(1).putInt(19).put("blk.0.attn_v.weight".getBytes()).putInt(8).putInt(256);
        for (int i = 0; i < sums.length; i++) {
            sums[i] = 1 + i % 5;
            bytes.putFloat(sums[i]);
        }
        Files.write(old, bytes.putInt(12).array());
        try (Arena arena = Arena.ofShared()) {
            new GgufWriter().put("general.type", "imatrix").add("blk.0.attn_v.weight.in_sum2", Tensor.of(arena, sums, 1, 256))
                .add("blk.0.attn_v.weight.counts", Tensor.of(arena, new float[] {8}, 1, 1)).write(now);
        }
        List<byte[]> found = new ArrayList<>();
        for (Path matrix : List.of(now, old)) {
            Path target = folder.resolve("out.gguf");
            quantize(source, target, new Quantizer.Settings(FileType.Q2_K_S, ImportanceMatrix.read(matrix), false, false), 2);
            try (Arena arena = Arena.ofConfined()) {
                found.add(Gguf.open(target, arena).bytes("blk.0.attn_v.weight").toArray(ValueLayout.JAVA_BYTE));
            }
        }
        assertThat(found.getLast()).isEqualTo(found.getFirst());
        Path plain = folder.resolve("plain.gguf");
        quantize(source, plain, FileType.Q2_K, 1);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Gguf.open(plain, arena).bytes("blk.0.attn_v.weight").toArray(ValueLayout.JAVA_BYTE)).isNotEqualTo(found.getFirst());
        }
        assertThatThrownBy(() -> quantize(source, plain, FileType.Q2_K_S, 1)).hasMessageContaining("gives garbage without an importance matrix");
        byte[] good = Files.readAllBytes(old);
        Random random = new Random(3);
        for (int round = 0; round < 500; round++) {
            byte[] damaged = java.util.Arrays.copyOf(good, random.nextInt(good.length));
            if (damaged.length > 40) {
                damaged[random.nextInt(40)] = (byte) random.nextInt();
            }
            Files.write(old, damaged);
            try {
                ImportanceMatrix.read(old);
            } catch (FormatException e) {
                assertThat(e.getMessage()).startsWith(old + ": ");
            }
        }
    }

    /// Squared errors of expert 0 in even and odd columns.
    private static double[] errors(Path source, Path quantized, int columns) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            float[] x = Gguf.open(source, arena).tensor("blk.1.ffn_up_exps.weight").toFloats();
            float[] y = Conversion.to(arena, Gguf.open(quantized, arena).tensor("blk.1.ffn_up_exps.weight"), DType.F32).toFloats();
            double[] errors = new double[2];
            for (int i = 0; i < 256 * columns; i++) {
                errors[i % 2] += Math.pow(x[i] - y[i], 2);
            }
            return errors;
        }
    }

    @Test
    void refusesWhatWouldLoseMoreThanItSays() throws IOException {
        Path once = folder.resolve("once.gguf");
        quantize(wide(DType.F16, 2, 256), once, FileType.Q8_0, 1);
        assertThatThrownBy(() -> quantize(once, folder.resolve("twice.gguf"), FileType.Q4_0, 1)).hasMessageContaining("is Q8_0 already").hasMessageContaining("--requantize");
        assertThat(folder.resolve("twice.gguf")).doesNotExist();
        Quantizer.Result result = quantize(once, folder.resolve("twice.gguf"), new Quantizer.Settings(FileType.Q4_0, null, false, true), 1);
        assertThat(result.bytesAfter()).isLessThan(result.bytesBefore());
        assertThat(result.tensors()).containsEntry("Q4_0", 5).containsEntry("Q6_K", 1).containsEntry("F32", 1);
        assertThatThrownBy(() -> quantize(once, once, FileType.Q8_0, 1)).hasMessageContaining("is the file that is read");
    }

    @Test
    void namesTheRowThatCannotBeStored() throws IOException {
        Path path = folder.resolve("nan.gguf");
        try (Arena arena = Arena.ofShared()) {
            Tensor tensor = Tensor.zeros(arena, 40, 64);
            tensor.set(64 * 33 + 40, Float.NaN);
            new GgufWriter().put("general.architecture", "llama").add("blk.0.attn_q.weight", tensor).write(path);
        }
        Path target = folder.resolve("out.gguf");
        assertThatThrownBy(() -> quantize(path, target, FileType.Q5_1, 2)).hasMessageContaining("tensor blk.0.attn_q.weight, row 33: Q5_1: numbers 32 to 63 contain NaN");
        assertThat(target).doesNotExist();
    }

    @Test
    void refusesAnImportanceMatrixOfAnotherModel() throws IOException {
        Path matrix = folder.resolve("importance.gguf");
        try (Arena arena = Arena.ofShared()) {
            new GgufWriter().put("general.type", "imatrix").add("blk.0.attn_v.weight.in_sum2", Tensor.zeros(arena, 1, 64))
                .add("blk.0.attn_v.weight.counts", Tensor.of(arena, new float[] {1}, 1, 1)).write(matrix);
        }
        Path source = wide(DType.F32, 2, 256);
        assertThatThrownBy(() -> quantize(source, folder.resolve("out.gguf"), new Quantizer.Settings(FileType.Q4_K_M, ImportanceMatrix.read(matrix), false, false), 1))
            .hasMessageContaining("importance of blk.0.attn_v.weight[256,256]: 64 numbers, expected 256");
        assertThatThrownBy(() -> ImportanceMatrix.read(source)).hasMessageContaining("expected \"imatrix\"");
    }
}
