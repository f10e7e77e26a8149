package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFileTest {
    @TempDir
    Path folder;

    private Stream<String> names() throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList().stream();
        }
    }

    @Test
    void replacesTheOldFile() throws IOException {
        AtomicFile.write(folder.resolve("a"), "old");
        AtomicFile.write(folder.resolve("a"), "new");
        assertThat(folder.resolve("a")).hasContent("new");
        assertThat(names()).containsExactly("a");
    }

    @Test
    void aFailureLeavesTheOldFileAndNothingElse() throws IOException {
        AtomicFile.write(folder.resolve("a"), "old");
        assertThatThrownBy(() -> AtomicFile.write(folder.resolve("a"), out -> {
            out.put(new byte[3 << 20]);
            throw new IOException("No space left on device");
        })).isInstanceOf(IOException.class).hasMessage("writing " + folder.resolve("a") + ": No space left on device; nothing was changed there");
        assertThatThrownBy(() -> AtomicFile.write(folder.resolve("a"), _ -> {
            throw new IllegalStateException("a bug");
        })).isInstanceOf(IllegalStateException.class);
        assertThat(folder.resolve("a")).hasContent("old");
        assertThat(names()).containsExactly("a");
    }

    @Test
    void removesWhatDeadWritersLeft() throws IOException {
        Files.writeString(folder.resolve(".a.999999999-1.part"), "half");
        Files.writeString(folder.resolve(".a." + ProcessHandle.current().pid() + "-77.part"), "being written");
        Files.writeString(folder.resolve(".ab.999999999-1.part"), "another target");
        AtomicFile.write(folder.resolve("a"), "x");
        assertThat(names()).containsExactly(".a." + ProcessHandle.current().pid() + "-77.part", ".ab.999999999-1.part", "a");
    }

    @Test
    void writesWholeFoldersOrNone() throws IOException {
        AtomicFile.writeFolder(folder.resolve("step-1"), inside -> {
            Files.createDirectory(inside.resolve("deep"));
            AtomicFile.write(inside.resolve("deep").resolve("x"), "1");
        });
        assertThat(folder.resolve("step-1/deep/x")).hasContent("1");
        assertThatThrownBy(() -> AtomicFile.writeFolder(folder.resolve("step-2"), inside -> {
            AtomicFile.write(inside.resolve("x"), "1");
            throw new IOException("disk full");
        })).hasMessageContaining("writing folder " + folder.resolve("step-2") + ": disk full");
        assertThatThrownBy(() -> AtomicFile.writeFolder(folder.resolve("step-1"), inside -> AtomicFile.write(inside.resolve("y"), "2"))).isInstanceOf(IOException.class);
        assertThat(folder.resolve("step-1/deep/x")).hasContent("1");
        assertThat(names()).containsExactly("step-1");
    }

    @Test
    void writesLittleEndianAcrossBufferEdges() throws IOException {
        AtomicFile.write(folder.resolve("a"), out -> {
            out.put(new byte[(1 << 20) - 3]).putInt(0x04030201).align(8).putLong(0x0807060504030201L).putShort(0x0201).putFloat(1).putDouble(1).putText("ü");
            assertThat(out.position()).isEqualTo((1 << 20) + 8 + 8 + 2 + 4 + 8 + 2);
        });
        byte[] bytes = Files.readAllBytes(folder.resolve("a"));
        assertThat(bytes).hasSize((1 << 20) + 32);
        assertThat(Arrays.copyOfRange(bytes, (1 << 20) - 4, (1 << 20) + 32))
            .containsExactly(0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 0, 0, 0x80, 0x3f, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0xc3, 0xbc);
    }
}
