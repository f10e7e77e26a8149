package dev.jackdaw.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufExport;
import dev.jackdaw.model.format.GgufTensor;
import dev.jackdaw.model.format.GgufWriter;
import dev.jackdaw.model.format.HuggingFace;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.model.format.Safetensors;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// From one kind of file to the other and back: every weight the same number, every logit the same.
class RoundTripTest {
    private static final HuggingFace.Tokenizer TOKENIZER = new HuggingFace.Tokenizer("{}", null, null, null, null);

    @TempDir
    Path folder;

    static List<Path> all() throws IOException {
        Stream<Path> encoder = SharedFixtures.root() == null ? Stream.of() : Stream.of(SharedFixtures.root().resolve("models/bert-embed"));
        return Stream.of(SharedFixtures.models().stream(), DefinitionTest.models().stream(), encoder, SharedFixtures.gguf().stream()
                .filter(path -> !path.toString().contains("-k-"))).flatMap(s -> s).toList();
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
            Path direct = folder.resolve("direct");
            GgufExport.write(gguf, "test", first.spec(), first, null, Map.of(), Map.of());
            ModelFile second = ModelFile.open(gguf, arena);
            same(arena, device, first, second);
            HuggingFace.write(hf, second.spec(), second, null, TOKENIZER);
            ModelFile third = ModelFile.open(hf, arena);
            same(arena, device, first, third);
            GgufExport.write(again, "test", third.spec(), third, null, Map.of(), Map.of());
            same(arena, device, first, ModelFile.open(again, arena));
            HuggingFace.write(direct, first.spec(), first, null, TOKENIZER);
            same(arena, device, first, ModelFile.open(direct, arena));
        }
    }

    /// Packed experts stay packed, BF16 stays BF16, and the bytes come back.
    @Test
    void packedExpertsComeBack() throws IOException {
        assumeTrue(SharedFixtures.root() != null, "needs shared/fixtures/models");
        Path source = SharedFixtures.root().resolve("models/gpt-oss-mxfp4"), gguf = folder.resolve("a.gguf"), hf = folder.resolve("hf");
        try (Arena arena = Arena.ofShared()) {
            ModelFile first = ModelFile.open(source, arena);
            GgufExport.write(gguf, "test", first.spec(), first, null, Map.of(), Map.of());
            Gguf written = Gguf.open(gguf, arena);
            assertThat(written.tensorInfo("blk.0.ffn_up_exps.weight").type().name()).isEqualTo("MXFP4");
            assertThat(written.tensorInfo("blk.0.attn_q.weight").type().name()).isEqualTo("BF16");
            ModelFile second = ModelFile.open(gguf, arena);
            HuggingFace.write(hf, second.spec(), second, null, TOKENIZER);
            assertThat(HuggingFace.config(hf).at("/quantization_config/quant_method").asString()).isEqualTo("mxfp4");
            Safetensors original = Safetensors.open(source, arena), back = Safetensors.open(hf, arena);
            for (Safetensors.Entry entry : original.entries()) {
                boolean wide = back.entry(entry.name()).dtype().equals("F32");           // GGUF has biases and norms as F32
                assertThat(back.entry(entry.name()).shape()).as(entry.name()).isEqualTo(entry.shape());
                if (!wide) {
                    assertThat(back.bytes(entry.name()).mismatch(original.bytes(entry.name()))).as(entry.name()).isEqualTo(-1);
                }
                assertThat(wide).as(entry.name()).isEqualTo(entry.shape().rank() == 1 || entry.name().endsWith("_bias") || entry.name().contains("router"));
            }
            HuggingFace.write(folder.resolve("wide"), second.spec(), second, DType.BF16, TOKENIZER);
            ModelFile wide = ModelFile.open(folder.resolve("wide"), arena);
            HuggingFace.write(folder.resolve("packed"), wide.spec(), wide, DType.MXFP4, TOKENIZER);
            String blocks = "model.layers.1.mlp.experts.down_proj_blocks";
            ModelFile packed = ModelFile.open(folder.resolve("packed"), arena);
            String experts = "model.layers.1.mlp.experts.down_proj.weight";
            assertThat(packed.tensor(experts).type()).isEqualTo(DType.MXFP4);
            assertThat(Safetensors.open(folder.resolve("packed"), arena).entry(blocks).dtype()).isEqualTo("U8");
            assertThat(numbers(arena, packed.tensor(experts))).as("what came from MXFP4 is rounded to itself").isEqualTo(numbers(arena, first.tensor(experts)));
            assertThatThrownBy(() -> HuggingFace.write(folder.resolve("no"), first.spec(), first, DType.Q8_0, TOKENIZER)).hasMessageContaining("is not written as Q8_0");
        }
    }

    /// GGUF files of 2023 have one tensor for each matrix of each expert.
    @Test
    void oneTensorForEachExpert() throws IOException {
        assumeTrue(SharedFixtures.root() != null, "needs shared/fixtures/models");
        Path gguf = folder.resolve("a.gguf"), old = folder.resolve("old.gguf");
        try (Arena arena = Arena.ofShared(); Device device = Device.cpu(2)) {
            ModelFile first = ModelFile.open(SharedFixtures.root().resolve("models/mixtral"), arena);
            GgufExport.write(gguf, "test", first.spec(), first, null, Map.of(), Map.of());
            Gguf file = Gguf.open(gguf, arena);
            GgufWriter writer = new GgufWriter();
            file.metadata().forEach(writer::put);
            for (GgufTensor info : file.tensors()) {
                Tensor tensor = file.tensor(info.name());
                if (!info.name().endsWith("_exps.weight")) {
                    writer.add(info.name(), tensor);
                    continue;
                }
                for (int e = 0; e < tensor.size(0); e++) {
                    writer.add(info.name().replace("_exps.weight", "." + e + ".weight"), tensor.slice(e, e + 1).reshape(tensor.size(1), tensor.size(2)));
                }
            }
            writer.write(old);
            same(arena, device, first, ModelFile.open(old, arena));
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
