package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The same types as llama.cpp's quantizer chooses, for models of several shapes; see the README beside the reference.
class MixtureTest {
    @TempDir
    private Path folder;

    @Test
    void choosesTheTypesThatTheReferenceChooses() throws IOException {
        int lists = 0;
        try (Arena arena = Arena.ofConfined()) {
            Gguf file = null;
            String model = null;
            for (String line : Files.readAllLines(Path.of("src/test/resources/reference/quantize/types.txt"))) {
                if (line.startsWith("model ")) {
                    model = line;
                    file = Gguf.open(write(line.split(" ")), arena);
                    continue;
                }
                String[] halves = line.split(" : ");
                String[] words = halves[0].split(" ");
                List<String> found = Mixture.types(file, FileType.valueOf(words[1]), words.length > 2, false).values().stream().map(GgmlType::name).toList();
                List<String> expected = expand(halves[1]);
                List<String> names = List.copyOf(Mixture.types(file, FileType.valueOf(words[1]), words.length > 2, false).keySet());
                for (int i = 0; i < expected.size(); i++) {
                    // tensors that stay as they are have the type of the source, which is I8 here
                    if (!found.get(i).equals("I8")) {
                        assertThat(found.get(i)).as("%s, %s, tensor %s", model, halves[0], names.get(i)).isEqualTo(expected.get(i));
                    } else {
                        assertThat(expected.get(i)).as("%s, %s, tensor %s", model, halves[0], names.get(i)).isEqualTo("F32");
                    }
                }
                assertThat(found).hasSameSizeAs(expected);
                lists++;
            }
        }
        assertThat(lists).isGreaterThan(150);
    }

    private static List<String> expand(String runs) {
        List<String> types = new ArrayList<>();
        for (String run : runs.split(" ")) {
            int star = run.indexOf('*');
            for (int i = star < 0 ? 1 : Integer.parseInt(run.substring(0, star)); i > 0; i--) {
                types.add(run.substring(star + 1));
            }
        }
        return types;
    }

    @Test
    void aPureFileHasOneType() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            Gguf file = Gguf.open(write("model x llama 2 256 4 4 256 320 0 0 0 1".split(" ")), arena);
            assertThat(Mixture.types(file, FileType.Q4_K_M, false, true).values().stream().map(GgmlType::name).distinct()).containsExactlyInAnyOrder("Q4_K", "I8");
        }
    }

    private Path write(String[] words) throws IOException {
        String architecture = words[2];
        int[] n = new int[words.length];
        for (int i = 3; i < n.length; i++) {
            n[i] = Integer.parseInt(words[i]);
        }
        int width = n[4];
        int keys = width / n[5] * n[6];
        int feedForward = n[7];
        GgufWriter writer = new GgufWriter().put("general.architecture", architecture)
            .put(architecture + ".block_count", GgufValue.u32(n[3])).put(architecture + ".attention.head_count", GgufValue.u32(n[5]))
            .put(architecture + ".attention.head_count_kv", GgufValue.u32(n[6]));
        if (n[9] > 0) {
            writer.put(architecture + ".expert_count", GgufValue.u32(n[9]));
        }
        add(writer, "token_embd.weight", n[8], width);
        add(writer, "output_norm.weight", width);
        if (n[11] == 0) {
            add(writer, "output.weight", n[8], width);
        }
        if (architecture.equals("gpt2")) {
            add(writer, "position_embd.weight", 128, width);
        }
        for (int i = 0; i < n[3]; i++) {
            String block = "blk." + i + ".";
            add(writer, block + "attn_norm.weight", width);
            add(writer, block + "ffn_norm.weight", width);
            if (n[10] > 0) {
                add(writer, block + "attn_qkv.weight", width + 2 * keys, width);
            } else {
                add(writer, block + "attn_q.weight", width, width);
                add(writer, block + "attn_k.weight", keys, width);
                add(writer, block + "attn_v.weight", keys, width);
            }
            add(writer, block + "attn_output.weight", width, width);
            if (n[9] > 0) {
                add(writer, block + "ffn_gate_inp.weight", n[9], width);
                add(writer, block + "ffn_gate_exps.weight", n[9], feedForward, width);
                add(writer, block + "ffn_up_exps.weight", n[9], feedForward, width);
                add(writer, block + "ffn_down_exps.weight", n[9], width, feedForward);
                continue;
            }
            if (n[12] > 0) {
                add(writer, block + "ffn_gate.weight", feedForward, width);
            }
            add(writer, block + "ffn_up.weight", feedForward, width);
            add(writer, block + "ffn_down.weight", width, feedForward);
        }
        Path path = folder.resolve(words[1] + ".gguf");
        writer.write(path);
        return path;
    }

    private static void add(GgufWriter writer, String name, long... shape) {
        Shape sizes = Shape.of(shape);
        writer.add(name, GgmlType.of(24), sizes, MemorySegment.ofArray(new byte[(int) sizes.elements()]));
    }
}
