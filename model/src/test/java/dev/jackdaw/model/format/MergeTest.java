package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MergeTest {
    @TempDir
    private Path folder;

    @Test
    void splitAndMergedIsTheSameFile() throws IOException {
        Path original = Fixtures.gguf("qwen3-Q8_0.gguf");
        try (Arena arena = Arena.ofConfined()) {
            Gguf file = Gguf.open(original, arena);
            GgufWriter writer = new GgufWriter();
            file.metadata().forEach(writer::put);
            file.tensors().forEach(tensor -> writer.add(tensor.name(), tensor.type(), tensor.shape(), file.bytes(tensor.name())));
            List<Path> parts = writer.writeSplit(folder, "m", 30_000);
            Merge.write(Gguf.open(parts.get(1), arena), folder.resolve("whole.gguf"));
            assertThatThrownBy(() -> Merge.write(Gguf.open(parts.get(1), arena), parts.getFirst())).hasMessageContaining("is one of the files that are read");
        }
        assertThat(folder.resolve("whole.gguf")).hasSameBinaryContentAs(original);
    }

    @Test
    void shardedSafetensorsBecomeOneFile() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Safetensors shards = Safetensors.open(Fixtures.model("mistral-sliding"), arena);
            Merge.write(shards, folder.resolve("whole.safetensors"));
            Safetensors whole = Safetensors.open(folder.resolve("whole.safetensors"), arena);
            assertThat(whole.entries()).hasSameSizeAs(shards.entries());
            assertThat(whole.metadata()).isEqualTo(shards.metadata());
            for (Safetensors.Entry entry : shards.entries()) {
                assertThat(whole.entry(entry.name()).dtype()).isEqualTo(entry.dtype());
                assertThat(whole.bytes(entry.name()).mismatch(shards.bytes(entry.name()))).isEqualTo(-1);
            }
        }
    }
}
