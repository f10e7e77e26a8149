package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufSplitTest {
    @TempDir
    private Path folder;

    private List<Path> split(String name, long mostBytes) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Gguf file = Gguf.open(Fixtures.gguf("qwen3-Q8_0.gguf"), arena);
            GgufWriter writer = new GgufWriter();
            file.metadata().forEach(writer::put);
            file.tensors().forEach(tensor -> writer.add(tensor.name(), tensor.type(), tensor.shape(), file.bytes(tensor.name())));
            return writer.writeSplit(folder, name, mostBytes);
        }
    }

    @Test
    void opensAllFilesByTheNameOfAny() throws IOException {
        List<Path> files = split("m", 20_000);
        assertThat(files).hasSizeGreaterThan(3);
        assertThat(files.getFirst().getFileName().toString()).isEqualTo("m-00001-of-%05d.gguf".formatted(files.size()));
        try (Arena arena = Arena.ofConfined()) {
            Gguf whole = Gguf.open(Fixtures.gguf("qwen3-Q8_0.gguf"), arena);
            for (Path any : List.of(files.getFirst(), files.get(2), files.getLast())) {
                Gguf parts = Gguf.open(any, arena);
                assertThat(parts.files()).isEqualTo(files);
                assertThat(parts.text("general.architecture")).isEqualTo("qwen3");
                assertThat(parts.tensors()).extracting(GgufTensor::name).isEqualTo(whole.tensors().stream().map(GgufTensor::name).toList());
                for (GgufTensor tensor : whole.tensors()) {
                    assertThat(parts.bytes(tensor.name()).mismatch(whole.bytes(tensor.name()))).isEqualTo(-1);
                    assertThat(parts.tensor(tensor.name()).shape()).isEqualTo(tensor.shape());
                }
            }
        }
    }

    @Test
    void saysWhichFileIsMissingOrWrong() throws IOException {
        List<Path> files = split("m", 20_000);
        Path last = files.getLast();
        byte[] lastBytes = Files.readAllBytes(last);
        Files.delete(last);
        rejects(files.getFirst(), NoSuchFileException.class, last + ": this file is missing; the model is split into " + files.size() + " files");
        Files.copy(files.get(1), last);
        rejects(files.getFirst(), FormatException.class, "by its name this file is number " + (files.size() - 1) + " (from 0), but split.no is 1");
        Files.write(last, lastBytes);
        Path alone = Files.copy(files.getFirst(), folder.resolve("alone.gguf"));
        rejects(alone, FormatException.class, "split.count is " + files.size() + "; the file must be called NAME-00001-of-");
        Path pretender = Files.copy(Fixtures.gguf("qwen3-Q8_0.gguf"), folder.resolve("p-00001-of-00002.gguf"));
        rejects(pretender, FormatException.class, "split.count is 1, but by its name the file is one of 2");
        rejects(Files.copy(pretender, folder.resolve("p-00003-of-00002.gguf")), FormatException.class, "one of 2; expected");
        rejects(Files.copy(pretender, folder.resolve("p-00001-of-99999.gguf")), FormatException.class, "one of 99999; expected");
    }

    @Test
    void aTensorInTwoFilesIsRefused() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            for (int i = 0; i < 2; i++) {
                new GgufWriter().put(Gguf.SPLIT_NUMBER, GgufValue.u32(i)).put(Gguf.SPLIT_COUNT, GgufValue.u32(2)).add("t", Tensor.zeros(arena, 4))
                    .write(folder.resolve(Gguf.splitName("twice", i, 2)));
            }
        }
        rejects(folder.resolve("twice-00002-of-00002.gguf"), FormatException.class, "tensor t is in twice-00001-of-00002.gguf too");
    }

    private static void rejects(Path path, Class<? extends Exception> kind, String message) {
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> Gguf.open(path, arena)).isInstanceOf(kind).hasMessageContaining(message);
        }
    }
}
