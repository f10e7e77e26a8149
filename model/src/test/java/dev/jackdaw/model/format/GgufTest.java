package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.tensor.DType;
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
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufTest {
    @TempDir
    Path folder;

    @Test
    void readsValuesAndTensorsOfAnotherWriter() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Gguf file = Gguf.open(Fixtures.gguf("qwen3-F32.gguf"), arena);
            assertThat(file.version()).isEqualTo(3);
            assertThat(file.text("general.architecture")).isEqualTo("qwen3");
            assertThat(file.integer("qwen3.block_count")).isEqualTo(2);
            assertThat(file.real("qwen3.rope.freq_base")).isEqualTo(1e6);
            assertThat(file.real("qwen3.attention.layer_norm_rms_epsilon")).isEqualTo(1e-6f);
            assertThat(file.bool("tokenizer.ggml.add_bos_token", true)).isFalse();
            assertThat(file.texts("tokenizer.ggml.tokens")).hasSize(640).startsWith("!", "\"", "#");
            assertThat(file.texts("tokenizer.ggml.merges")).hasSize(377).startsWith("Ġ t", "h e");
            assertThat(file.integers("tokenizer.ggml.token_type")).hasSize(640);
            assertThat(file.metadata()).hasSize(24);
            assertThat(file.tensors()).hasSize(24);

            Tensor embedding = file.tensor("token_embd.weight");
            assertThat(embedding.shape()).isEqualTo(Shape.of(640, 64));
            assertThat(embedding.get(0)).isCloseTo(-0.04588116f, within(1e-8f));
            assertThat(embedding.get(1)).isCloseTo(0.0737937f, within(1e-8f));
            assertThat(file.tensor("output_norm.weight").get(2)).isCloseTo(12.2861395f, within(1e-6f));
            double sum = 0;
            for (float value : file.tensor("blk.0.attn_k.weight").toFloats()) {
                sum += value;
            }
            assertThat(sum).isCloseTo(0.8144013364308194, within(1e-9));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"F16", "Q8_0"})
    void narrowTypesHoldNearlyTheSameNumbers(String type) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Gguf exact = Gguf.open(Fixtures.gguf("qwen3-F32.gguf"), arena);
            Gguf narrow = Gguf.open(Fixtures.gguf("qwen3-" + type + ".gguf"), arena);
            for (GgufTensor tensor : exact.tensors()) {
                float[] expected = exact.tensor(tensor.name()).toFloats();
                float[] found = Conversion.to(arena, narrow.tensor(tensor.name()), DType.F32).toFloats();
                float largest = 0;
                for (float value : expected) {
                    largest = Math.max(largest, Math.abs(value));
                }
                for (int i = 0; i < expected.length; i++) {
                    assertThat(found[i]).as(tensor.name() + " " + i).isCloseTo(expected[i], within(largest / 200));
                }
            }
        }
    }

    /// Our conversion and the reference's give the same file, byte for byte, once values and order are taken from the reference.
    @ParameterizedTest
    @ValueSource(strings = {"F16", "Q8_0"})
    void convertsToTheSameNumbersAsTheReference(String type) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Gguf exact = Gguf.open(Fixtures.gguf("qwen3-F32.gguf"), arena);
            Gguf reference = Gguf.open(Fixtures.gguf("qwen3-" + type + ".gguf"), arena);
            GgufWriter writer = new GgufWriter();
            reference.metadata().forEach(writer::put);
            for (GgufTensor tensor : reference.tensors()) {
                writer.add(tensor.name(), exact.tensor(tensor.name()), tensor.type().dtype().orElseThrow());
            }
            writer.write(folder.resolve("ours.gguf"));
        }
        assertThat(folder.resolve("ours.gguf")).hasSameBinaryContentAs(Fixtures.gguf("qwen3-" + type + ".gguf"));
    }

    @Test
    void writesBackTheSameBytes() throws IOException {
        for (String name : List.of("qwen3-F32.gguf", "qwen3-Q4_0.gguf")) {
            try (Arena arena = Arena.ofConfined()) {
                Gguf file = Gguf.open(Fixtures.gguf(name), arena);
                GgufWriter writer = new GgufWriter();
                file.metadata().forEach(writer::put);
                for (GgufTensor tensor : file.tensors()) {
                    writer.add(tensor.name(), tensor.type(), tensor.shape(), file.bytes(tensor.name()));
                }
                writer.write(folder.resolve(name));
            }
            assertThat(folder.resolve(name)).hasSameBinaryContentAs(Fixtures.gguf(name));
        }
    }

    @Test
    void everyKindOfValueSurvives() throws IOException {
        GgufWriter writer = new GgufWriter()
            .put("text", "grüße\n")
            .put("empty", "")
            .put("true", GgufValue.of(true))
            .put("u8", new GgufValue.Int(GgufValue.Kind.U8, 255))
            .put("i8", new GgufValue.Int(GgufValue.Kind.I8, -128))
            .put("u16", new GgufValue.Int(GgufValue.Kind.U16, 65535))
            .put("i16", new GgufValue.Int(GgufValue.Kind.I16, -32768))
            .put("u32", GgufValue.u32(0xffff_ffffL))
            .put("i32", new GgufValue.Int(GgufValue.Kind.I32, Integer.MIN_VALUE))
            .put("u64", GgufValue.u64(-1))
            .put("i64", new GgufValue.Int(GgufValue.Kind.I64, Long.MIN_VALUE))
            .put("f32", GgufValue.f32(0.1))
            .put("f64", GgufValue.f64(0.1))
            .put("texts", GgufValue.texts(List.of("a", "", "ü")))
            .put("i32s", GgufValue.i32s(1, -2, 3))
            .put("f32s", GgufValue.f32s(0.5f, Float.NEGATIVE_INFINITY))
            .put("f64s", new GgufValue.Reals(GgufValue.Kind.F64, new double[] {0.1, Double.MAX_VALUE}))
            .put("bools", new GgufValue.Ints(GgufValue.Kind.BOOL, new long[] {0, 1}))
            .put("none", new GgufValue.Ints(GgufValue.Kind.U8, new long[0]));
        writer.write(folder.resolve("values.gguf"));
        try (Arena arena = Arena.ofConfined()) {
            Gguf file = Gguf.open(folder.resolve("values.gguf"), arena);
            assertThat(file.text("text")).isEqualTo("grüße\n");
            assertThat(file.integer("u32")).isEqualTo(4294967295L);
            assertThat(file.integer("i8")).isEqualTo(-128);
            assertThat(file.real("f64")).isEqualTo(0.1);
            assertThat(file.reals("f32s")).containsExactly(0.5f, Float.NEGATIVE_INFINITY);
            assertThat(file.value("u64").orElseThrow().preview(40)).isEqualTo("18446744073709551615");
            GgufWriter again = new GgufWriter();
            file.metadata().forEach(again::put);
            again.write(folder.resolve("again.gguf"));
        }
        assertThat(folder.resolve("again.gguf")).hasSameBinaryContentAs(folder.resolve("values.gguf"));
    }

    @Test
    void tensorsOfAllShapesSurviveAndAreAligned() throws IOException {
        Random random = new Random(7);
        try (Arena arena = Arena.ofConfined()) {
            GgufWriter writer = new GgufWriter();
            long[][] shapes = {{1}, {7}, {3, 5}, {2, 3, 5}, {2, 3, 5, 7}, {100_000}, {0}, {257, 129}};
            Tensor[] tensors = new Tensor[shapes.length];
            for (int i = 0; i < shapes.length; i++) {
                tensors[i] = Tensor.zeros(arena, shapes[i]);
                for (long j = 0; j < tensors[i].elements(); j++) {
                    tensors[i].set(j, random.nextFloat() - 0.5f);
                }
                writer.add("t" + i, tensors[i]);
            }
            writer.write(folder.resolve("shapes.gguf"));
            Gguf file = Gguf.open(folder.resolve("shapes.gguf"), arena);
            for (int i = 0; i < shapes.length; i++) {
                assertThat(file.tensor("t" + i).shape()).isEqualTo(tensors[i].shape());
                assertThat(file.tensor("t" + i).toFloats()).isEqualTo(tensors[i].toFloats());
                assertThat(file.tensorInfo("t" + i).position() % 32).isZero();
            }
        }
    }

    @Test
    void listsTypesItCannotLoadAndSaysSoWhenAsked() throws IOException {
        new GgufWriter().add("w", GgmlType.of(16), Shape.of(2, 256), MemorySegment.ofArray(new byte[132])).write(folder.resolve("grid.gguf"));
        try (Arena arena = Arena.ofConfined()) {
            Gguf file = Gguf.open(folder.resolve("grid.gguf"), arena);
            GgufTensor tensor = file.tensorInfo("w");
            assertThat(tensor.type().name()).isEqualTo("IQ2_XXS");
            assertThat(tensor.bytes()).isEqualTo(132);
            assertThat(file.bytes("w").byteSize()).isEqualTo(132);
            assertThatThrownBy(() -> file.tensor("w")).isInstanceOf(FormatException.class).hasMessageContaining("at byte " + tensor.position())
                .hasMessageContaining("tensor w: type IQ2_XXS (16) is not supported; supported: F32, F16, Q4_0, Q4_1, Q5_0");
        }
    }

    @Test
    void namesWhatIsMissing() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Gguf file = Gguf.open(Fixtures.gguf("qwen3-Q4_0.gguf"), arena);
            assertThat(file.tensor("blk.0.attn_q.weight").type()).isEqualTo(DType.Q4_0);
            assertThatThrownBy(() -> file.tensor("nope")).hasMessageContaining("tensor nope is missing; the file has 24 tensors");
            assertThatThrownBy(() -> file.integer("general.architecture")).hasMessageContaining("general.architecture is STRING qwen3; expected an integer");
            assertThatThrownBy(() -> file.text("nope")).hasMessageContaining("metadata key nope is missing");
        }
    }

    @Test
    void listsTensorsOfUnknownType() throws IOException {
        ByteBuffer bytes = header(1, 0);
        putTensor(bytes, "t", 77, 0, 4);
        Files.write(folder.resolve("x.gguf"), padded(bytes, 64));
        try (Arena arena = Arena.ofConfined()) {
            Gguf file = Gguf.open(folder.resolve("x.gguf"), arena);
            assertThat(file.tensorInfo("t").type().name()).isEqualTo("type 77");
            assertThat(file.tensorInfo("t").bytes()).isEqualTo(-1);
            assertThatThrownBy(() -> file.tensor("t")).isInstanceOf(FormatException.class).hasMessageContaining("type 77");
            assertThatThrownBy(() -> file.bytes("t")).isInstanceOf(FormatException.class);
        }
    }

    @Test
    void readsVersion2() throws IOException {
        byte[] bytes = Files.readAllBytes(Fixtures.gguf("qwen3-Q8_0.gguf"));
        bytes[4] = 2;
        Files.write(folder.resolve("v2.gguf"), bytes);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Gguf.open(folder.resolve("v2.gguf"), arena).tensors()).hasSize(24);
        }
    }

    @Test
    void saysWhatIsWrongWithAHeader() throws IOException {
        rejects(new byte[0], "the file is empty");
        rejects(new byte[] {1, 2}, "at byte 0: the magic number needs 4 bytes, but the file ends after 2 more");
        rejects("PK\3\4 and more".getBytes(), "begins with 0x504b0304, expected 0x47475546");
        rejects(ByteBuffer.allocate(8).put("GGUF".getBytes()).putInt(3).array(), "at byte 4: this GGUF file is big-endian");
        rejects(little(8).put("GGUF".getBytes()).putInt(1).array(), "GGUF version 1 is not supported; supported: 2 and 3");
        rejects(header(-1, 0).array(), "at byte 8: the number of tensors is 18446744073709551615, but at most");
        rejects(header(0, 1L << 40).array(), "at byte 16: the number of metadata values is 1099511627776, but at most");
        rejects(putTensor(putTensor(header(2, 0), "t", 0, 0, 4), "t", 0, 32, 4).array(), "tensor t appears twice");
        rejects(padded(putTensor(putTensor(header(2, 0), "t", 0, 0, 16), "u", 0, 32, 4), 128), "tensors t and u overlap");
        rejects(padded(putTensor(header(1, 0), "t", 0, 8, 4), 64), "offset 8 is not a multiple of the alignment 32");
        rejects(padded(putTensor(header(1, 0), "t", 0, -32, 4), 64), "offset 18446744073709551584 is not a multiple");
        rejects(padded(putTensor(header(1, 0), "t", 0, Long.MAX_VALUE / 32 * 32, 4), 64), "reach past the end of the file");
        rejects(padded(putTensor(header(1, 0), "t", 0, 0, 17), 64), "its 68 bytes at offset 0 reach past the end of the file, which has 64 bytes");
        rejects(padded(putTensor(header(1, 0), "t", 8, 0, 33), 64), "rows of 33 numbers do not fill blocks of 32");
        rejects(padded(putTensor(header(1, 0), "t", 0, 0, 1L << 62, 1L << 62), 64), "is impossible");
        rejects(padded(putTensor(header(1, 0), "t", 0, 0, 1L << 62, 0, 1L << 62), 64), "is impossible");
        rejects(padded(putTensor(header(1, 0), "t", 0, 0, 1L << 62), 64), "more than any file can hold");
        rejects(padded(putTensor(header(1, 0), "t", 0, 0, -4), 64), "shape [-4] is impossible");
        rejects(padded(putTensor(header(1, 0), "t", 0, 0, 1, 1, 1, 1, 1), 64), "rank 5; expected 0 to 4");
    }

    @Test
    void saysWhatIsWrongWithAValue() throws IOException {
        rejects(putKey(header(0, 1), "k").putInt(13).array(), "metadata k: value type 13 is unknown");
        rejects(putKey(header(0, 1), "k").putInt(7).put((byte) 2).array(), "k: a boolean is 0 or 1, found 2");
        rejects(putKey(header(0, 1), "k").putInt(9).putInt(9).putLong(1).array(), "metadata k: arrays of arrays are not supported");
        rejects(putKey(header(0, 1), "k").putInt(9).putInt(10).putLong(1L << 61).array(), "the length of array k is 2305843009213693952, but at most");
        rejects(putKey(header(0, 1), "k").putInt(8).putLong(1L << 40).array(), "the length of k is 1099511627776, but at most");
        rejects(putKey(putKey(header(0, 2), "k").putInt(4).putInt(1), "k").putInt(4).putInt(1).array(), "metadata key k appears twice");
        rejects(putKey(header(0, 1), "general.alignment").putInt(4).putInt(24).array(), "general.alignment is 24; expected a power of two");
    }

    private void rejects(byte[] bytes, String message) throws IOException {
        Path path = folder.resolve("bad.gguf");
        Files.write(path, bytes);
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> Gguf.open(path, arena)).isInstanceOf(FormatException.class).hasMessageContaining(message).hasMessageStartingWith(path + ": ");
        }
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer header(long tensors, long values) {
        return little(256).put("GGUF".getBytes()).putInt(3).putLong(tensors).putLong(values);
    }

    private static ByteBuffer putKey(ByteBuffer bytes, String key) {
        return bytes.putLong(key.length()).put(key.getBytes());
    }

    private static ByteBuffer putTensor(ByteBuffer bytes, String name, int type, long offset, long... sizes) {
        putKey(bytes, name).putInt(sizes.length);
        for (long size : sizes) {
            bytes.putLong(size);
        }
        return bytes.putInt(type).putLong(offset);
    }

    /// The header, filled up to 32, and so many bytes of numbers.
    private static byte[] padded(ByteBuffer header, int data) {
        return Arrays.copyOf(header.array(), Math.ceilDiv(header.position(), 32) * 32 + data);
    }
}
