package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
    @TempDir
    Path folder;

    @Test
    void readsAShardedModelOfAnotherWriter() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Safetensors model = Safetensors.open(Fixtures.model("mistral-sliding"), arena);
            assertThat(model.entries()).hasSize(30);
            assertThat(model.metadata()).containsEntry("format", "pt");
            Tensor embedding = model.tensor("model.embed_tokens.weight");
            assertThat(embedding.type()).isEqualTo(DType.BF16);
            assertThat(embedding.shape()).isEqualTo(Shape.of(640, 64));
            assertThat(Conversion.to(arena, embedding, DType.F32).toFloats()).startsWith(-0.5390625f, 0.48046875f, 0.028320312f);
            assertThat(sum(arena, model.tensor("model.layers.2.self_attn.v_proj.weight"))).isCloseTo(-7.6745060086250305, within(1e-9));
            assertThat(sum(arena, model.tensor("lm_head.weight"))).isCloseTo(43.24695986509323, within(1e-9));
        }
    }

    private static double sum(Arena arena, Tensor tensor) {
        double sum = 0;
        for (float value : Conversion.to(arena, tensor, DType.F32).toFloats()) {
            sum += value;
        }
        return sum;
    }

    @Test
    void refusesEightBitFloatsByName() throws IOException {
        Path path = folder.resolve("f8.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            for (Safetensors.Type type : new Safetensors.Type[] {Safetensors.Type.F8_E4M3, Safetensors.Type.F8_E5M2}) {
                new SafetensorsWriter().add("w", type, Shape.of(2, 3), arena.allocate(6)).write(path);
                Safetensors file = Safetensors.open(path, arena);
                assertThat(file.entry("w").bytes()).isEqualTo(6);
                assertThatThrownBy(() -> file.tensor("w")).isInstanceOf(FormatException.class)
                    .hasMessageContaining("tensor w: dtype " + type + " is not supported; supported: [F64, F32, F16, BF16");
            }
        }
    }

    @Test
    void everyTypeSurvives() throws IOException {
        Path path = folder.resolve("all.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsWriter writer = new SafetensorsWriter().put("step", "12").put("quote \"", "ä\n");
            byte[] bytes = new byte[48];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (i * 5);
            }
            for (Safetensors.Type type : Safetensors.Type.values()) {
                writer.add("t " + type, type, Shape.of(2, 24 / type.bytes), arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes));
            }
            writer.add("scalar", Tensor.of(arena, new float[] {3.5f}));
            writer.add("none", Tensor.zeros(arena, 0, 5));
            writer.add("narrow", Tensor.of(arena, new float[] {1, 0.1f, -2}, 3), DType.BF16);
            writer.write(path);

            Safetensors file = Safetensors.open(path, arena);
            assertThat(file.metadata()).containsEntry("step", "12").containsEntry("quote \"", "ä\n");
            for (Safetensors.Type type : Safetensors.Type.values()) {
                Safetensors.Entry entry = file.entry("t " + type);
                assertThat(entry.shape()).isEqualTo(Shape.of(2, 24 / type.bytes));
                assertThat(entry.position() % type.bytes).as("alignment of " + type).isZero();
                assertThat(file.bytes("t " + type).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
                if (type.dtype == null) {
                    assertThatThrownBy(() -> file.tensor("t " + type)).isInstanceOf(FormatException.class)
                        .hasMessageContaining("dtype " + type + " is not supported; supported: [F64, F32, F16, BF16, I64, I32, I8, U8, BOOL]");
                } else {
                    assertThat(file.tensor("t " + type).type()).isEqualTo(type.dtype);
                }
            }
            assertThat(file.tensor("scalar").toFloats()).containsExactly(3.5f);
            assertThat(file.tensor("scalar").shape().rank()).isZero();
            assertThat(file.tensor("none").elements()).isZero();
            assertThat(Conversion.to(arena, file.tensor("narrow"), DType.F32).toFloats()).containsExactly(1, 0.10009765625f, -2);
        }
        assertThat(ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN).getLong() % 8).isZero();
    }

    @Test
    void theSameCallsGiveTheSameBytes() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            for (String name : new String[] {"a", "b"}) {
                new SafetensorsWriter().put("format", "pt").add("x", Tensor.of(arena, new float[] {1, 2}, 2)).add("y", Tensor.of(arena, new float[] {3}, 1), DType.F16)
                    .write(folder.resolve(name));
            }
        }
        assertThat(folder.resolve("a")).hasSameBinaryContentAs(folder.resolve("b"));
    }

    @Test
    void saysWhatIsWrong() throws IOException {
        String t = "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]";
        assertOpens("{\"t\":{" + t + "}}", 8);
        rejectsBytes(new byte[0], "the file is empty");
        rejectsBytes(new byte[5], "the header length needs 8 bytes, but the file ends after 5 more");
        rejectsBytes(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, '{', '}'}, "the header length is 18446744073709551615; expected 2 to 2 in a file of 10 bytes");
        rejectsBytes(new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', '}'}, "the header length is 3; expected 2 to 2");
        rejects("[]", 0, "at byte 8: the header: found START_ARRAY, expected an object");
        rejects("{\"t\":{" + t + "}", 8, "the JSON is broken");
        rejects("{\"t\":{" + t + "}} x", 8, "the JSON is broken");
        rejects("{\"t\":{" + t + "}} {}", 8, "the JSON goes on after its end");
        rejects("{\"t\":{" + t + "},\"t\":{" + t + "}}", 8, "tensor t appears twice");
        rejects("{\"t\":{" + t + ",\"dtype\":\"F32\"}}", 8, "field dtype appears twice");
        rejects("{\"t\":{" + t + ",\"strides\":[1]}}", 8, "unknown field strides");
        rejects("{\"t\":{\"dtype\":\"F32\",\"shape\":[2]}}", 0, "needs dtype, shape and two data_offsets");
        rejects("{\"t\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, "t shape: found VALUE_NUMBER_FLOAT, expected a whole number");
        rejects("{\"t\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}", 8, "more than 63 bits");
        rejects("{\"t\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "shape [-2] is impossible");
        rejects("{\"t\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,2,2],\"data_offsets\":[0,8]}}", 8, "is impossible");
        rejects("{\"t\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,8]}}", 8, "more than any file can hold");
        rejects("{\"t\":{\"dtype\":\"F32\",\"shape\":[1" + ",1".repeat(16) + "],\"data_offsets\":[0,8]}}", 8, "more than 16 numbers");
        rejects("{\"t\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "data_offsets [0,8] hold 8 bytes; expected 12");
        rejects("{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "data_offsets [8,0] do not lie in the 8 bytes behind the header");
        rejects("{\"t\":{" + t + "}}", 7, "do not lie in the 7 bytes behind the header; the file is truncated or corrupt");
        rejects("{\"t\":{" + t + "}}", 9, "the tensors end at byte");
        rejects("{\"t\":{" + t + "},\"u\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[4,5]}}", 8, "they overlap");
        rejects("{\"t\":{" + t + "},\"u\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[9,10]}}", 10, "leaving a gap of 1 bytes behind t");
        rejects("{\"t\":" + "[".repeat(50_000) + "]".repeat(50_000) + "}", 0, "tensor t: found START_ARRAY, expected an object");
        rejects("{\"__metadata__\":{\"k\":1}}", 0, "__metadata__ k: found VALUE_NUMBER_INT, expected a text");
    }

    @Test
    void saysWhatIsWrongWithAnIndex() throws IOException {
        for (String file : new String[] {"part", "../part", "/etc/passwd", "a\\\\b", "..", ""}) {
            Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"metadata\":{\"deep\":[[{}]]},\"weight_map\":{\"t\":\"" + file + "\"}}");
            try (Arena arena = Arena.ofConfined()) {
                if (file.equals("part")) {
                    new SafetensorsWriter().add("t", Tensor.zeros(arena, 3)).write(folder.resolve(file));
                    assertThat(Safetensors.open(folder, arena).tensor("t").elements()).isEqualTo(3);
                } else {
                    assertThatThrownBy(() -> Safetensors.open(folder, arena)).isInstanceOf(FormatException.class).hasMessageContaining("expected a file in the same folder");
                }
            }
        }
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"u\":\"part\"}}");
        rejectsFolder("weight_map says that u is in part, but it is in no file");
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"metadata\":{}}");
        rejectsFolder("the index has no weight_map");
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"metadata\":" + "[".repeat(100_000));
        rejectsFolder("the JSON is broken");
    }

    private void rejectsFolder(String message) {
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> Safetensors.open(folder, arena)).isInstanceOf(FormatException.class).hasMessageContaining(message);
        }
    }

    private void assertOpens(String header, int data) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Safetensors.open(write(header, data), arena).entries()).isNotEmpty();
        }
    }

    private void rejects(String header, int data, String message) throws IOException {
        rejects(write(header, data), message);
    }

    private void rejectsBytes(byte[] bytes, String message) throws IOException {
        rejects(Files.write(folder.resolve("bad.safetensors"), bytes), message);
    }

    private void rejects(Path path, String message) {
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> Safetensors.open(path, arena)).isInstanceOf(FormatException.class).hasMessageContaining(message).hasMessageStartingWith(path + ": at byte ");
        }
    }

    private Path write(String header, int data) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return Files.write(folder.resolve("bad.safetensors"), ByteBuffer.allocate(8 + json.length + data).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json).array());
    }
}
