package dev.jackdaw.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufExport;
import dev.jackdaw.model.format.GgufTensor;
import dev.jackdaw.model.format.HuggingFace;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// From one kind of file to the other and back: every weight the same number, every logit the same.
class RoundTripTest {
    private static final HuggingFace.Tokenizer TOKENIZER = new HuggingFace.Tokenizer("{}", null, null, null, null);

    @TempDir
    Path folder;

    static List<Path> all() throws IOException {
        try (Stream<Path> folders = Files.list(DefinitionTest.ROOT)) {
            Stream<Path> encoder = SharedFixtures.root() == null ? Stream.of() : Stream.of(SharedFixtures.root().resolve("models/bert-embed"));
            return Stream.of(SharedFixtures.models().stream(), folders.filter(Files::isDirectory).sorted(), encoder, SharedFixtures.gguf().stream()
                    .filter(path -> !path.toString().contains("-k-"))).flatMap(s -> s).toList();
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void nothingIsLost(Path path) throws IOException {
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            if (path.toString().endsWith(".gguf")) {
                for (GgufTensor tensor : Gguf.open(path, arena).tensors()) {
                    assumeTrue(tensor.type().dtype().isPresent(), () -> "block type " + tensor.type() + " is not read");
                }
            }
            ModelFile first = ModelFile.open(path, arena);
            Path gguf = folder.resolve("a.gguf"), again = folder.resolve("b.gguf"), hf = folder.resolve("hf");
            GgufExport.write(gguf, "test", first.spec(), first, DType.F32, Map.of(), Map.of());
            ModelFile second = ModelFile.open(gguf, arena);
            same(arena, device, first, second);
            if (first.spec().family().equals("deepseek2") || first.spec().output() instanceof ModelSpec.Score && first.spec().embedding().types() < 2) {
                return;                                              // no folder is written for these
            }
            HuggingFace.write(hf, second.spec(), second, DType.F32, TOKENIZER);
            ModelFile third = ModelFile.open(hf, arena);
            same(arena, device, first, third);
            GgufExport.write(again, "test", third.spec(), third, DType.F32, Map.of(), Map.of());
            same(arena, device, first, ModelFile.open(again, arena));
        }
    }

    private static void same(Arena arena, Device device, ModelFile a, ModelFile b) {
        for (ModelSpec.Parameter parameter : a.spec().parameters()) {
            if (parameter.name().equals("model.embed_positions.weight") && a.spec().embedding().offset() > 0) {
                continue;                                            // GGUF leaves out the rows that belong to padding
            }
            assertThat(numbers(arena, b.tensor(parameter.name()))).as(parameter.name()).isEqualTo(numbers(arena, a.tensor(parameter.name())));
        }
        int[] ids = new int[40];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (i * 37 + 11) % Math.min(a.spec().vocabulary(), 600);
        }
        float[] expected = last(device, a, ids), found = last(device, b, ids);
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).as("number " + i).isCloseTo(expected[i], within(1e-4f));
        }
    }

    private static float[] last(Device device, ModelFile file, int[] ids) {
        float[][] last = new float[1][];
        try (Forward forward = new Forward(file.spec(), device, file); KvCache cache = forward.newCache(ids.length)) {
            if (file.spec().output() instanceof ModelSpec.Logits) {
                return forward.logits(cache, ids);
            }
            forward.allHidden(cache, ids, (_, hidden) -> last[0] = hidden.toFloats());
        }
        return last[0];
    }

    private static float[] numbers(Arena arena, Tensor tensor) {
        return Conversion.to(arena, tensor, DType.F32).toFloats();
    }
}
