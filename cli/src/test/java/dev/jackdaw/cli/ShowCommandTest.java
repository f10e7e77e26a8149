package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.model.format.GgufWriter;
import dev.jackdaw.model.format.SafetensorsWriter;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShowCommandTest {
    @TempDir
    private Path folder;

    private Path gguf() throws Exception {
        Path file = folder.resolve("m.gguf");
        try (Arena arena = Arena.ofConfined()) {
            new GgufWriter()
                    .put("general.architecture", "qwen3")
                    .put("qwen3.block_count", GgufValue.u32(2))
                    .put("text", "two\nlines \u001b[2J")
                    .put("tokenizer.ggml.tokens", new GgufValue.Texts(IntStream.range(0, 40).mapToObj(i -> "t" + i).toList()))
                    .add("a.weight", Tensor.zeros(arena, 3, 4))
                    .add("b.weight", Tensor.zeros(arena, 8), DType.F16)
                    .write(file);
        }
        return file;
    }

    @Test
    void listsMetadataAndTensorsOfAGguf() throws Exception {
        var json = Cli.run("show", gguf().toString(), "--json").json();
        assertThat(json.at("/format").asString()).isEqualTo("gguf");
        assertThat(json.at("/parameters").asLong()).isEqualTo(20);
        assertThat(json.at("/types/F32").asLong()).isEqualTo(48);
        assertThat(json.at("/types/F16").asLong()).isEqualTo(16);
        assertThat(json.at("/metadata/qwen3.block_count").asInt()).isEqualTo(2);
        assertThat(json.at("/metadata/tokenizer.ggml.tokens/count").asInt()).isEqualTo(40);
        assertThat(json.at("/tensors/0").toString()).matches("\\{\"name\":\"a.weight\",\"type\":\"F32\",\"shape\":\\[3,4],\"bytes\":48,\"offset\":\\d+}");
    }

    @Test
    void showsLongArraysWholeWhenAsked() throws Exception {
        var json = Cli.run("show", gguf().toString(), "--json", "--all").json();
        assertThat(json.at("/metadata/tokenizer.ggml.tokens").size()).isEqualTo(40);
    }

    @Test
    void printsATableForPeople() throws Exception {
        Cli run = Cli.run("show", gguf().toString());
        assertThat(run.out()).contains("2 tensors, 20 parameters", "general.architecture = qwen3", "text = two\\nlines \\u001b[2J", " 40 values",
                "a.weight  F32   [3,4]     48");
    }

    @Test
    void listsTensorsOfSafetensors() throws Exception {
        Path file = folder.resolve("m.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            new SafetensorsWriter().put("format", "pt").add("w", Tensor.zeros(arena, 2, 2)).write(file);
        }
        var json = Cli.run("show", file.toString(), "--json").json();
        assertThat(json.at("/format").asString()).isEqualTo("safetensors");
        assertThat(json.at("/bytes").asLong()).isEqualTo(Files.size(file));
        assertThat(json.at("/metadata/format").asString()).isEqualTo("pt");
        assertThat(json.at("/tensors/0/name").asString()).isEqualTo("w");
    }

    @Test
    void namesTheFileThatIsMissingOrBroken() throws Exception {
        Cli missing = Cli.run("show", folder.resolve("none.gguf").toString());
        assertThat(missing.exitCode()).isEqualTo(1);
        assertThat(missing.err()).isEqualTo("jackdaw: no such file: " + folder.resolve("none.gguf") + System.lineSeparator());
        Path junk = Files.writeString(folder.resolve("junk.gguf"), "GGUF and then nothing that makes sense");
        Cli broken = Cli.run("show", junk.toString());
        assertThat(broken.exitCode()).isEqualTo(1);
        assertThat(broken.err()).startsWith("jackdaw: " + junk + ": at byte 4: GGUF version").hasLineCount(1);
    }
}
