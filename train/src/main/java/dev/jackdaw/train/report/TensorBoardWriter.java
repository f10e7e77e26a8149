package dev.jackdaw.train.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.zip.CRC32C;

/// Writes the event files that TensorBoard reads, scalars and texts, without TensorFlow.
///
/// An event file is a sequence of TFRecords, each holding one `Event` message in protobuf encoding:
///
/// ```
/// TFRecord   u64 length · u32 masked CRC32C of the length · the bytes · u32 masked CRC32C of the bytes     (little-endian)
/// Event      1 wall_time double · 2 step int64 · 3 file_version string · 5 summary · 7 session_log
/// Summary    1 value, repeated: 1 tag string · 2 simple_value float · 8 tensor · 9 metadata
/// ```
///
/// (tensorflow/core/util/event.proto, tensorflow/core/framework/summary.proto and tensor.proto, lib/io/record_writer.h.) Those are all the
/// fields we need, so they are encoded by hand below. Each session of a run writes a file of its own; TensorBoard lays them one behind the
/// other in the order of their names, and a resumed session's start mark tells it to forget the steps that were lost.
public final class TensorBoardWriter implements AutoCloseable {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;
    private static final int DT_STRING = 7;
    private static final int SESSION_START = 1;

    private final Path file;
    private final FileChannel channel;

    private TensorBoardWriter(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /// Starts a new event file in `directory`. `firstStep` is the first step this session will write; what earlier sessions wrote from
    /// there on is disregarded by TensorBoard.
    public static TensorBoardWriter open(Path directory, long firstStep) throws IOException {
        Files.createDirectories(directory);
        long seconds = System.currentTimeMillis() / 1000;
        Path file;
        int session = 0;
        do {      // two sessions within one second need two names
            file = directory.resolve("events.out.tfevents.%010d.jackdaw.%d.%d".formatted(seconds, ProcessHandle.current().pid(), session++));
        } while (Files.exists(file));
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        TensorBoardWriter writer = new TensorBoardWriter(file, channel);
        try {
            writer.event(0, new Message().text(3, "brain.Event:2"));
            if (firstStep > 0) {
                writer.event(firstStep, new Message().message(7, new Message().varint(1, SESSION_START)));
            }
            return writer;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    public void scalar(String tag, long step, double value) throws IOException {
        Message item = new Message().text(1, tag).fixed32(2, (float) value);
        event(step, new Message().message(5, new Message().message(1, item)));
    }

    /// A text, shown by TensorBoard's text page, which renders it as Markdown.
    public void text(String tag, long step, String text) throws IOException {
        Message shape = new Message().message(2, new Message().varint(1, 1));                      // TensorShapeProto: one dimension of size 1
        Message tensor = new Message().varint(1, DT_STRING).message(2, shape).text(8, text);       // TensorProto: dtype, shape, string_val
        Message metadata = new Message().message(1, new Message().text(1, "text"));                // SummaryMetadata: the plugin's name
        Message item = new Message().text(1, tag).message(8, tensor).message(9, metadata);
        event(step, new Message().message(5, new Message().message(1, item)));
    }

    /// The scalars of one step, under the names of `metrics.jsonl`. Values that are not numbers are left out.
    public void step(StepMetrics m) throws IOException {
        scalarIfFinite("loss/train", m.step(), m.trainLoss());
        scalarIfFinite("loss/heldOutBitsPerByte", m.step(), m.heldOutBitsPerByte());
        scalarIfFinite("optimizer/learningRate", m.step(), m.learningRate());
        scalarIfFinite("optimizer/gradientNorm", m.step(), m.gradientNorm());
        scalarIfFinite("speed/tokensPerSecond", m.step(), m.tokensPerSecond());
        scalarIfFinite("speed/gflops", m.step(), m.gflops());
        for (Map.Entry<String, Double> more : m.more().entrySet()) {
            scalarIfFinite("more/" + more.getKey(), m.step(), more.getValue());
        }
    }

    public Path file() {
        return file;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void scalarIfFinite(String tag, long step, double value) throws IOException {
        if (Double.isFinite(value)) {
            scalar(tag, step, value);
        }
    }

    private void event(long step, Message content) throws IOException {
        Message event = new Message().fixed64(1, Double.doubleToLongBits(System.currentTimeMillis() / 1000.0)).varint(2, step).append(content);
        ByteBuffer record = record(event.bytes());
        while (record.hasRemaining()) {
            channel.write(record);
        }
    }

    private static ByteBuffer record(byte[] data) {
        ByteBuffer record = ByteBuffer.allocate(data.length + 16).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(data.length);
        record.putInt(maskedCrc(record.array(), 0, 8));
        record.put(data);
        record.putInt(maskedCrc(record.array(), 12, data.length));
        return record.flip();
    }

    /// TFRecord rotates the checksum and adds a constant, since a CRC over data that itself contains CRCs is weak.
    static int maskedCrc(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }

    /// A protobuf message under construction: each field is a key (`number << 3 | kind`) and a value.
    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(64);

        Message varint(int field, long value) {
            key(field, VARINT);
            writeVarint(value);
            return this;
        }

        Message fixed32(int field, float value) {
            key(field, FIXED32);
            writeLittleEndian(Float.floatToIntBits(value), 4);
            return this;
        }

        Message fixed64(int field, long bits) {
            key(field, FIXED64);
            writeLittleEndian(bits, 8);
            return this;
        }

        Message text(int field, String text) {
            return bytes(field, text.getBytes(StandardCharsets.UTF_8));
        }

        Message message(int field, Message message) {
            return bytes(field, message.bytes());
        }

        Message append(Message fields) {
            out.writeBytes(fields.bytes());
            return this;
        }

        byte[] bytes() {
            return out.toByteArray();
        }

        private Message bytes(int field, byte[] bytes) {
            key(field, BYTES);
            writeVarint(bytes.length);
            out.writeBytes(bytes);
            return this;
        }

        private void key(int field, int kind) {
            writeVarint((long) field << 3 | kind);
        }

        private void writeVarint(long value) {
            while ((value & ~0x7fL) != 0) {
                out.write((int) (value & 0x7f | 0x80));
                value >>>= 7;
            }
            out.write((int) value);
        }

        private void writeLittleEndian(long bits, int count) {
            for (int i = 0; i < count; i++) {
                out.write((int) (bits >>> 8 * i));
            }
        }
    }
}
