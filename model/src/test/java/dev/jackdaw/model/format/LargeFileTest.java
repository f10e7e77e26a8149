package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A file far larger than memory: 138 GB in the shape of Llama-2-70B, nearly all of it a hole that takes no place on disk.
@Tag("slow")
class LargeFileTest {
    private static final long BYTES_OF_TENSORS = 137_950_000_000L;

    @TempDir
    private Path folder;

    @Test
    void opensInUnderTwoSecondsAndSaysWhatItNeeds() throws IOException {
        Path path = folder.resolve("llama-2-70b-f16.gguf");
        LargeGguf.write(path);
        long start = System.nanoTime();
        try (Arena arena = Arena.ofShared()) {
            Gguf file = Gguf.open(path, arena);
            double seconds = (System.nanoTime() - start) / 1e9;
            assertThat(seconds).isLessThan(2);
            assertThat(file.tensors()).hasSize(3 + 80 * 9);
            MemoryNeed need = MemoryNeed.of(file);
            assertThat(need.weightBytes()).isGreaterThan(BYTES_OF_TENSORS).isLessThan(138_100_000_000L);
            assertThat(need.cacheBytesPerToken()).isEqualTo(2L * 4 * 80 * 8 * 128);
            Tensor last = file.tensor("output.weight");
            assertThat(file.tensorInfo("output.weight").position()).isGreaterThan(137_000_000_000L);
            assertThat(Float.float16ToFloat(Memory.getShort(last.address() + last.bytes() - 2))).isEqualTo(1.5f);
            float[] row = Conversion.to(arena, last.slice(31_999, 32_000), DType.F32).toFloats();
            assertThat(row[8190]).isZero();
            assertThat(row[8191]).isEqualTo(1.5f);
        }
    }

    /// Writes the header, and one number at the very end.
    static final class LargeGguf {
        private static final int WIDTH = 8192;
        private static final int KEYS = 1024;
        private static final int FEED_FORWARD = 28672;
        private static final int VOCABULARY = 32_000;

        private final ByteBuffer header = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
        private long offset;

        static void write(Path path) throws IOException {
            LargeGguf large = new LargeGguf();
            large.putHeader();
            try (FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
                int end = Math.ceilDiv(large.header.position(), 32) * 32;
                channel.write(large.header.flip(), 0);
                channel.write(ByteBuffer.allocate(2).order(ByteOrder.LITTLE_ENDIAN).putShort(0, Float.floatToFloat16(1.5f)), end + large.offset - 2);
            }
        }

        private void putHeader() {
            header.putInt(Gguf.MAGIC).putInt(3).putLong(3 + 80 * 9).putLong(9);
            text("general.architecture");
            header.putInt(8);
            text("llama");
            u32("llama.block_count", 80);
            u32("llama.embedding_length", WIDTH);
            u32("llama.feed_forward_length", FEED_FORWARD);
            u32("llama.attention.head_count", 64);
            u32("llama.attention.head_count_kv", 8);
            u32("llama.context_length", 4096);
            u32("llama.vocab_size", VOCABULARY);
            text("llama.attention.layer_norm_rms_epsilon");
            header.putInt(6).putFloat(1e-5f);
            tensor("token_embd.weight", WIDTH, VOCABULARY);
            for (int i = 0; i < 80; i++) {
                String block = "blk." + i + ".";
                tensor(block + "attn_norm.weight", WIDTH, 0);
                tensor(block + "attn_q.weight", WIDTH, WIDTH);
                tensor(block + "attn_k.weight", WIDTH, KEYS);
                tensor(block + "attn_v.weight", WIDTH, KEYS);
                tensor(block + "attn_output.weight", WIDTH, WIDTH);
                tensor(block + "ffn_norm.weight", WIDTH, 0);
                tensor(block + "ffn_gate.weight", WIDTH, FEED_FORWARD);
                tensor(block + "ffn_up.weight", WIDTH, FEED_FORWARD);
                tensor(block + "ffn_down.weight", FEED_FORWARD, WIDTH);
            }
            tensor("output_norm.weight", WIDTH, 0);
            tensor("output.weight", WIDTH, VOCABULARY);
        }

        private void text(String text) {
            header.putLong(text.length()).put(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }

        private void u32(String key, int value) {
            text(key);
            header.putInt(4).putInt(value);
        }

        /// F16 with rows, F32 without.
        private void tensor(String name, long columns, long rows) {
            text(name);
            header.putInt(rows == 0 ? 1 : 2).putLong(columns);
            if (rows > 0) {
                header.putLong(rows);
            }
            header.putInt(rows == 0 ? 0 : 1).putLong(offset);
            offset += rows == 0 ? 4 * columns : 2 * columns * rows;
        }
    }
}
