package dev.jackdaw.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.tensor.Device;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A file far larger than memory: Llama 2 70B in F16, 138 GB, as a sparse file of zeros with the real header.
class LargeModelTest {
    private static final int F16 = 1;
    private static final int F32 = 0;
    private static final long GIB = 1L << 30;

    @TempDir
    Path folder;

    private final ByteArrayOutputStream values = new ByteArrayOutputStream(), directory = new ByteArrayOutputStream();
    private int keys;
    private int tensors;
    private long offset;

    @Test
    @Tag("slow")
    void aModelOf138GigabytesGivesATokenWithin24GibOfMemory() throws IOException {
        Path file = folder.resolve("llama-2-70b-f16.gguf");
        long free = Files.getFileStore(folder).getUsableSpace();
        assumeTrue(free > 2 * GIB, "2 GiB of disk are needed");
        write(file, 80, 8192, 64, 8, 28672, 32000);
        assertThat(Files.size(file)).isGreaterThan(137_000_000_000L);
        assumeTrue(free - Files.getFileStore(folder).getUsableSpace() < GIB, "the file system has no sparse files");
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            long start = System.nanoTime();
            ModelFile model = ModelFile.open(file, arena);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
            assertThat(model.spec().parameterCount()).isEqualTo(68_976_648_192L);
            try (Forward forward = new Forward(model.spec(), device, model, 24 * GIB); KvCache cache = forward.newCache(1)) {
                assertThat(forward.note().orElseThrow()).contains("the weights take 131,065 MB packed and 24,576 MB are free");
                assertThat(forward.logits(cache, 1)).hasSize(32000).containsOnly(0);
                assertThat(anonymousBytes()).isLessThan(4 * GIB);
            }
        }
    }

    /// What this process holds beside the pages of mapped files, which the system takes back when it needs them.
    private static long anonymousBytes() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("RssAnon:"))
                .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", ""))).sum();
    }

    private void write(Path file, int layers, int width, int heads, int kvHeads, int feedForward, int vocabulary) throws IOException {
        text("general.architecture", "llama");
        size("llama.context_length", 4096);
        size("llama.embedding_length", width);
        size("llama.block_count", layers);
        size("llama.feed_forward_length", feedForward);
        size("llama.attention.head_count", heads);
        size("llama.attention.head_count_kv", kvHeads);
        key("llama.attention.layer_norm_rms_epsilon", 6);
        put(values, ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(1e-5f));
        tensor("token_embd.weight", F16, vocabulary, width);
        for (int i = 0; i < layers; i++) {
            String block = "blk." + i + ".";
            tensor(block + "attn_norm.weight", F32, width);
            tensor(block + "attn_q.weight", F16, width, width);
            tensor(block + "attn_k.weight", F16, width / heads * kvHeads, width);
            tensor(block + "attn_v.weight", F16, width / heads * kvHeads, width);
            tensor(block + "attn_output.weight", F16, width, width);
            tensor(block + "ffn_norm.weight", F32, width);
            tensor(block + "ffn_gate.weight", F16, feedForward, width);
            tensor(block + "ffn_up.weight", F16, feedForward, width);
            tensor(block + "ffn_down.weight", F16, width, feedForward);
        }
        tensor("output_norm.weight", F32, width);
        tensor("output.weight", F16, vocabulary, width);
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        put(all, ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN).put("GGUF".getBytes(StandardCharsets.UTF_8)).putInt(3).putLong(tensors).putLong(keys));
        values.writeTo(all);
        directory.writeTo(all);
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.write(all.toByteArray());
            out.setLength((all.size() + 31) / 32 * 32L + offset);
        }
    }

    private void key(String key, int type) {
        keys++;
        string(values, key);
        put(values, ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(type));
    }

    private void text(String key, String value) {
        key(key, 8);
        string(values, value);
    }

    private void size(String key, int value) {
        key(key, 4);
        put(values, ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value));
    }

    private void tensor(String name, int type, long... sizes) {
        tensors++;
        string(directory, name);
        ByteBuffer line = ByteBuffer.allocate(4 + 8 * sizes.length + 12).order(ByteOrder.LITTLE_ENDIAN).putInt(sizes.length);
        long bytes = type == F16 ? 2 : 4;
        for (int i = sizes.length - 1; i >= 0; i--) {
            line.putLong(sizes[i]);
            bytes *= sizes[i];
        }
        put(directory, line.putInt(type).putLong(offset));
        offset += (bytes + 31) / 32 * 32;
    }

    private static void string(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        put(out, ByteBuffer.allocate(8 + bytes.length).order(ByteOrder.LITTLE_ENDIAN).putLong(bytes.length).put(bytes));
    }

    private static void put(ByteArrayOutputStream out, ByteBuffer bytes) {
        out.writeBytes(bytes.array());
    }
}
