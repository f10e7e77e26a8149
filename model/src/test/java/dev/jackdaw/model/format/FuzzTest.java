package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Damaged files: a reader either reads one, touching nothing outside the file, or says what is wrong. Every failure names its seed.
class FuzzTest {
    private static final int ROUNDS = 4000;
    /// Numbers that break careless arithmetic: around signs, powers of two, and sums that wrap.
    private static final long[] NASTY = {0, 1, -1, Long.MAX_VALUE, Long.MIN_VALUE, Integer.MAX_VALUE, 1L << 31, 1L << 32, 1L << 61, 1L << 62, -32, Long.MAX_VALUE - 31, 0xffff_ffffL, 4096};

    @TempDir
    Path folder;

    private interface Reader {
        /// Opens the file and reads every number it offers.
        void readAll(Path path, Arena arena) throws IOException;
    }

    private static void readGguf(Path path, Arena arena) throws IOException {
        Gguf file = Gguf.open(path, arena);
        for (GgufValue value : file.metadata().values()) {
            value.preview(100);
        }
        for (GgufTensor tensor : file.tensors()) {
            if (tensor.type().dtype().isPresent()) {
                touch(file.tensor(tensor.name()));
            } else if (tensor.type().isKnown()) {
                file.bytes(tensor.name()).asSlice(0, tensor.bytes());
            }
        }
    }

    private static void readSafetensors(Path path, Arena arena) throws IOException {
        Safetensors file = Safetensors.open(path, arena);
        for (Safetensors.Entry entry : file.entries()) {
            file.bytes(entry.name());
            try {
                touch(file.tensor(entry.name()));
            } catch (FormatException e) {
                assertThat(e).hasMessageContaining("is not supported");
            }
        }
    }

    /// The first and the last byte: outside the file they would crash the JVM.
    private static void touch(Tensor tensor) {
        if (tensor.bytes() > 0) {
            Memory.getByte(tensor.address());
            Memory.getByte(tensor.address() + tensor.bytes() - 1);
        }
    }

    private byte[] smallGguf() throws IOException {
        Path path = folder.resolve("small.gguf");
        try (Arena arena = Arena.ofConfined()) {
            new GgufWriter().put("general.architecture", "qwen3").put("n", GgufValue.u32(7)).put("f", GgufValue.f32(0.5)).put("b", GgufValue.of(true))
                .put("texts", GgufValue.texts(List.of("a", "bc", "def"))).put("ints", GgufValue.i32s(1, 2, 3)).put("reals", GgufValue.f32s(1, 2))
                .add("a", Tensor.zeros(arena, 3, 4)).add("b", Tensor.zeros(arena, 2, 32), DType.Q8_0).add("c", Tensor.zeros(arena, 5), DType.F16)
                .add("d", GgmlType.of(2), Shape.of(32), MemorySegment.ofArray(new byte[18])).add("k", Tensor.zeros(arena, 1, 256), DType.Q4_K)
                .write(path);
        }
        return Files.readAllBytes(path);
    }

    private byte[] smallSafetensors() throws IOException {
        Path path = folder.resolve("small.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            new SafetensorsWriter().put("format", "pt").add("a", Tensor.zeros(arena, 3, 4)).add("b", Tensor.zeros(arena, 2, 5), DType.BF16)
                .add("c", Safetensors.Type.BOOL, Shape.of(3), MemorySegment.ofArray(new byte[3])).add("d", Safetensors.Type.U16, Shape.of(2), MemorySegment.ofArray(new byte[4]))
                .write(path);
        }
        return Files.readAllBytes(path);
    }

    @Test
    void damagedGgufIsReadOrRefused() throws IOException {
        damage("gguf", smallGguf(), FuzzTest::readGguf);
    }

    @Test
    void damagedSafetensorsIsReadOrRefused() throws IOException {
        damage("safetensors", smallSafetensors(), FuzzTest::readSafetensors);
    }

    /// Everything that reads the header of a file and believes some of it.
    @Test
    void damagedHeadersDoNotLeadAstray() throws IOException {
        Path path = folder.resolve("model.gguf");
        try (Arena arena = Arena.ofConfined()) {
            new GgufWriter().put("general.architecture", "llama").put("general.type", "imatrix").put("imatrix.chunk_count", GgufValue.u32(2))
                .put("imatrix.datasets", GgufValue.texts(List.of("d"))).put("llama.block_count", GgufValue.u32(2)).put("llama.attention.head_count", GgufValue.u32(2))
                .put("llama.attention.head_count_kv", GgufValue.i32s(1, 1)).put("llama.embedding_length", GgufValue.u32(64)).put("llama.context_length", GgufValue.u32(64))
                .add("token_embd.weight", Tensor.zeros(arena, 5, 64)).add("blk.0.attn_v.weight", Tensor.zeros(arena, 2, 64)).add("blk.1.ffn_down_exps.weight", Tensor.zeros(arena, 2, 3, 64))
                .add("w.in_sum2", Tensor.zeros(arena, 2, 8)).add("w.counts", Tensor.zeros(arena, 2, 1)).write(path);
        }
        damage("model header", Files.readAllBytes(path), 1500, (file, arena) -> {
            Gguf gguf = Gguf.open(file, arena);
            assertThat(MemoryNeed.of(gguf).bytes(4096)).isNotNegative();
            Mixture.types(gguf, FileType.Q3_K_M, true, false);
            ImportanceMatrix.read(file);
        });
    }

    @Test
    void damagedPartsOfASplitFileAreReadOrRefused() throws IOException {
        List<Path> parts;
        try (Arena arena = Arena.ofConfined()) {
            parts = new GgufWriter().put("general.architecture", "llama").add("a", Tensor.zeros(arena, 8)).add("b", Tensor.zeros(arena, 8)).writeSplit(folder, "s", 32);
        }
        assertThat(parts).hasSize(2);
        for (Path part : parts) {
            byte[] bytes = Files.readAllBytes(part);
            for (int seed = 0; seed < 700; seed++) {
                Random random = new Random(seed);
                byte[] damaged = seed < bytes.length ? Arrays.copyOf(bytes, seed) : bytes.clone();
                for (int i = random.nextInt(3); i >= 0 && damaged.length > 0; i--) {
                    damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
                }
                Files.write(part, damaged);
                try (Arena arena = Arena.ofConfined()) {
                    readGguf(parts.get(seed % 2), arena);
                } catch (FormatException e) {
                    assertThat(e.getMessage()).startsWith(folder.toString());
                } catch (RuntimeException | Error e) {
                    fail("split file, seed " + seed, e);
                }
            }
            Files.write(part, bytes);
        }
    }

    @Test
    void damagedRealGgufIsReadOrRefused() throws IOException {
        byte[] bytes = Files.readAllBytes(Fixtures.gguf("qwen3-Q8_0.gguf"));
        Random random = new Random(3);
        for (int round = 0; round < 300; round++) {
            byte[] damaged = bytes.clone();
            for (int i = 0; i < 1 + round % 4; i++) {
                damaged[random.nextInt(20_000)] = (byte) random.nextInt();      // the header has about 15,000 bytes
            }
            check(damaged, FuzzTest::readGguf, "real gguf, round " + round);
            check(damaged, (path, arena) -> touch(ModelFile.open(path, arena).tensor("model.norm.weight")), "model, round " + round);
        }
    }

    @Test
    void damagedIndexIsReadOrRefused() throws IOException {
        Files.write(folder.resolve("part"), smallSafetensors());
        byte[] index = "{\"metadata\":{\"total_size\":80},\"weight_map\":{\"a\":\"part\",\"b\":\"part\",\"c\":\"part\",\"d\":\"part\"}}".getBytes();
        Random random = new Random(5);
        for (int round = 0; round < 1000; round++) {
            byte[] damaged = round < index.length ? Arrays.copyOf(index, round) : index.clone();
            if (round >= index.length) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(128);
            }
            Path path = Files.write(folder.resolve("x.index.json"), damaged);
            try (Arena arena = Arena.ofConfined()) {
                readSafetensors(path, arena);
            } catch (FormatException | IOException e) {
                assertThat(e.getMessage()).isNotBlank();                         // a changed file name is a missing file
            } catch (RuntimeException e) {
                fail("index, round " + round + ": " + new String(damaged), e);
            }
        }
    }

    private void damage(String what, byte[] bytes, Reader reader) throws IOException {
        damage(what, bytes, ROUNDS, reader);
    }

    private void damage(String what, byte[] bytes, int rounds, Reader reader) throws IOException {
        check(bytes, reader, what + " as written");
        for (int length = 0; length < bytes.length; length++) {
            byte[] shorter = Arrays.copyOf(bytes, length);
            FormatException thrown = check(shorter, reader, what + " cut to " + length);
            if (thrown == null && length < bytes.length - 32) {                  // the last bytes of a GGUF file are padding
                fail(what + " cut to " + length + " of " + bytes.length + " bytes was read");
            }
        }
        for (int seed = 0; seed < rounds; seed++) {
            damageOnce(what, bytes, seed, reader);
        }
    }

    /// A minute each with seeds nobody has tried.
    @Test
    @Tag("slow")
    void damagedFilesAreReadOrRefusedForMinutes() throws IOException {
        byte[] gguf = smallGguf();
        byte[] safetensors = smallSafetensors();
        Random seeds = new Random();
        for (long end = System.nanoTime() + 120_000_000_000L; System.nanoTime() < end;) {
            damageOnce("gguf", gguf, seeds.nextInt(), FuzzTest::readGguf);
            damageOnce("safetensors", safetensors, seeds.nextInt(), FuzzTest::readSafetensors);
        }
    }

    private void damageOnce(String what, byte[] bytes, int seed, Reader reader) throws IOException {
        Random random = new Random(seed);
        byte[] damaged = bytes.clone();
        switch (random.nextInt(4)) {
            case 0 -> damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            case 1 -> {
                for (int i = random.nextInt(8); i >= 0; i--) {
                    damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
                }
            }
            case 2 -> ByteBuffer.wrap(damaged).order(ByteOrder.LITTLE_ENDIAN).putLong(random.nextInt(damaged.length - 7), NASTY[random.nextInt(NASTY.length)]);
            default -> {
                int from = random.nextInt(damaged.length);
                int to = random.nextInt(damaged.length);
                int count = random.nextInt(Math.min(64, damaged.length - Math.max(from, to)) + 1);
                System.arraycopy(bytes, from, damaged, to, count);
            }
        }
        check(damaged, reader, what + ", seed " + seed);
    }

    private FormatException check(byte[] bytes, Reader reader, String what) throws IOException {
        Path path = Files.write(folder.resolve("damaged"), bytes);
        try (Arena arena = Arena.ofConfined()) {
            reader.readAll(path, arena);
            return null;
        } catch (FormatException e) {
            assertThat(e.getMessage()).startsWith(path + ": ").hasSizeLessThan(70_000);
            return e;
        } catch (RuntimeException | Error e) {
            return fail(what + ": " + HexFormat.of().formatHex(bytes, 0, Math.min(bytes.length, 800)), e);
        }
    }

    /// A header of 100 MB whose only purpose is to be large.
    @Test
    void hugeHeadersCostAnErrorAndNotTheHeap() throws IOException {
        Path path = folder.resolve("huge");
        try (FileOutput out = new FileOutput(path)) {
            out.putLong(99_999_999).putText("{\"a\":{\"dtype\":\"F32\",\"shape\":[");
            byte[] zeros = "0,".repeat(1 << 20).getBytes();
            while (out.position() < 100_000_007 - zeros.length) {
                out.put(zeros);
            }
            out.putText(" ".repeat((int) (100_000_007 - out.position())));
            out.force();
        }
        try (Arena arena = Arena.ofConfined()) {
            Safetensors.open(path, arena);
            fail("was read");
        } catch (FormatException e) {
            assertThat(e).hasMessageContaining("more than 16 numbers");
        }
    }
}
