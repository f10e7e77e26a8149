package dev.jackdaw.train.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorBoardWriterTest {
    @TempDir
    Path directory;

    @Test
    void scalarsComeBackWithTagStepAndValue() throws IOException {
        Path file;
        try (TensorBoardWriter writer = TensorBoardWriter.open(directory, 0)) {
            writer.scalar("loss/train", 1, 2.5);
            writer.scalar("loss/train", 300_000_000_000L, -0.125);
            file = writer.file();
        }
        List<Event> events = events(file);
        assertThat(events).hasSize(3);
        assertThat(events.get(0).fileVersion).isEqualTo("brain.Event:2");
        assertThat(events.get(1)).returns(1L, e -> e.step).returns("loss/train", e -> e.tag).returns(2.5f, e -> e.value);
        assertThat(events.get(2)).returns(300_000_000_000L, e -> e.step).returns(-0.125f, e -> e.value);
        assertThat(events.get(1).wallTime).isBetween(1.7e9, 1e10);
    }

    @Test
    void textsCarryThePluginNameAndAllTheirCharacters() throws IOException {
        String dream = "Ünïcödé 🐦\nline two " + "x".repeat(300);
        Path file;
        try (TensorBoardWriter writer = TensorBoardWriter.open(directory, 0)) {
            writer.text("dreams", 7, dream);
            file = writer.file();
        }
        assertThat(events(file).get(1)).returns(7L, e -> e.step).returns("dreams", e -> e.tag).returns("text", e -> e.plugin).returns(dream, e -> e.text);
    }

    @Test
    void aStepWritesOnlyWhatWasMeasured() throws IOException {
        Path file;
        try (TensorBoardWriter writer = TensorBoardWriter.open(directory, 0)) {
            writer.step(new StepMetrics(3, 100, 1, 2.0, Double.NaN, 1e-3, Double.POSITIVE_INFINITY, 50, 60));
            file = writer.file();
        }
        assertThat(events(file)).extracting(e -> e.tag)
                .containsExactly(null, "loss/train", "optimizer/learningRate", "speed/tokensPerSecond", "speed/gflops");
    }

    @Test
    void aResumedSessionWritesItsOwnFileWithAStartMark() throws IOException {
        Path first;
        Path second;
        try (TensorBoardWriter writer = TensorBoardWriter.open(directory, 0)) {
            first = writer.file();
        }
        try (TensorBoardWriter writer = TensorBoardWriter.open(directory, 41)) {
            second = writer.file();
        }
        assertThat(second).isNotEqualTo(first);
        assertThat(events(second).get(1)).returns(41L, e -> e.step).returns(1L, e -> e.sessionStatus);
    }

    @Test
    void checksumIsTheMaskedCastagnoliCrc() {
        byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);          // CRC32C of these is e3069283 (RFC 3720, B.4 and the usual check value)
        int rotated = 0xe3069283 >>> 15 | 0xe3069283 << 17;
        assertThat(TensorBoardWriter.maskedCrc(digits, 0, 9)).isEqualTo(rotated + 0xa282ead8);
    }

    /// What a reader sees of one event.
    private static final class Event {
        double wallTime;
        long step;
        String fileVersion;
        String tag;
        float value;
        String plugin;
        String text;
        long sessionStatus;
    }

    private static List<Event> events(Path file) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Event> events = new ArrayList<>();
        while (in.hasRemaining()) {
            int start = in.position();
            int length = Math.toIntExact(in.getLong());
            assertThat(in.getInt()).as("checksum of the length").isEqualTo(TensorBoardWriter.maskedCrc(in.array(), start, 8));
            byte[] data = new byte[length];
            in.get(data);
            assertThat(in.getInt()).as("checksum of the event").isEqualTo(TensorBoardWriter.maskedCrc(data, 0, length));
            events.add(event(data));
        }
        return events;
    }

    private static Event event(byte[] data) {
        Event event = new Event();
        for (Field field : fields(data)) {
            switch (field.number) {
                case 1 -> event.wallTime = Double.longBitsToDouble(field.bits);
                case 2 -> event.step = field.bits;
                case 3 -> event.fileVersion = field.text();
                case 5 -> value(event, fields(field.bytes).getFirst().bytes);
                case 7 -> event.sessionStatus = fields(field.bytes).getFirst().bits;
                default -> throw new AssertionError("event field " + field.number);
            }
        }
        return event;
    }

    private static void value(Event event, byte[] data) {
        for (Field field : fields(data)) {
            switch (field.number) {
                case 1 -> event.tag = field.text();
                case 2 -> event.value = Float.intBitsToFloat((int) field.bits);
                case 8 -> {
                    List<Field> tensor = fields(field.bytes);
                    assertThat(tensor).extracting(f -> f.number).containsExactly(1, 2, 8);
                    assertThat(tensor.getFirst().bits).as("DT_STRING").isEqualTo(7);
                    event.text = tensor.getLast().text();
                }
                case 9 -> event.plugin = fields(fields(field.bytes).getFirst().bytes).getFirst().text();
                default -> throw new AssertionError("value field " + field.number);
            }
        }
    }

    private record Field(int number, long bits, byte[] bytes) {
        String text() {
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    private static List<Field> fields(byte[] message) {
        ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        List<Field> fields = new ArrayList<>();
        while (in.hasRemaining()) {
            long key = varint(in);
            int number = (int) (key >>> 3);
            switch ((int) (key & 7)) {
                case 0 -> fields.add(new Field(number, varint(in), null));
                case 1 -> fields.add(new Field(number, in.getLong(), null));
                case 2 -> {
                    byte[] bytes = new byte[(int) varint(in)];
                    in.get(bytes);
                    fields.add(new Field(number, 0, bytes));
                }
                case 5 -> fields.add(new Field(number, in.getInt() & 0xffffffffL, null));
                default -> throw new AssertionError("wire type " + (key & 7));
            }
        }
        return fields;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = in.get();
            value |= (b & 0x7fL) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }
}
