package dev.jackdaw.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class GgufNamesTest {
    @Test
    void translatesBothWays() {
        assertThat(GgufNames.toHuggingFace("blk.13.attn_q.weight")).contains("model.layers.13.self_attn.q_proj.weight");
        assertThat(GgufNames.toHuggingFace("blk.0.attn_output.weight")).contains("model.layers.0.self_attn.o_proj.weight");
        assertThat(GgufNames.toHuggingFace("blk.0.ffn_norm.weight")).contains("model.layers.0.post_attention_layernorm.weight");
        assertThat(GgufNames.toHuggingFace("output_norm.weight")).contains("model.norm.weight");
        assertThat(GgufNames.toHuggingFace("output.weight")).contains("lm_head.weight");
        assertThat(GgufNames.toGguf("model.embed_tokens.weight")).contains("token_embd.weight");
        assertThat(GgufNames.toGguf("model.layers.2.self_attn.k_norm.weight")).contains("blk.2.attn_k_norm.weight");
        assertThat(GgufNames.toGguf("model.layers.2.self_attn.v_proj.bias")).contains("blk.2.attn_v.bias");
        assertThat(GgufNames.toHuggingFace("blk.0.ffn_gate_inp.weight")).isEmpty();
        assertThat(GgufNames.toHuggingFace("blk.0.output.weight")).isEmpty();
        assertThat(GgufNames.toGguf("model.layers.2.norm.weight")).isEmpty();
        assertThat(GgufNames.toGguf("rope_freqs.weight")).isEmpty();
    }

    @Test
    void everyTensorOfAQwen3FileHasBothNames() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            for (GgufTensor tensor : Gguf.open(Fixtures.gguf("qwen3-F32.gguf"), arena).tensors()) {
                assertThat(GgufNames.toHuggingFace(tensor.name()).flatMap(GgufNames::toGguf)).contains(tensor.name());
            }
        }
    }

    @Test
    void reordersRowsOfEachHead() {
        try (Arena arena = Arena.ofConfined()) {
            float[] rows = new float[2 * 8 * 3];                                 // two heads of width 8, three columns
            for (int i = 0; i < rows.length; i++) {
                rows[i] = i;
            }
            Tensor halves = Tensor.of(arena, rows, 16, 3);
            Tensor neighbours = GgufNames.interleaveRows(arena, halves, 2);
            float[] firsts = new float[16];
            for (int i = 0; i < 16; i++) {
                firsts[i] = neighbours.get(3L * i) / 3;
                assertThat(neighbours.get(3L * i + 2) - neighbours.get(3L * i)).isEqualTo(2);
            }
            assertThat(firsts).containsExactly(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
            assertThat(GgufNames.separateRows(arena, neighbours, 2).toFloats()).isEqualTo(rows);
            assertThatThrownBy(() -> GgufNames.interleaveRows(arena, halves, 3)).hasMessageContaining("16 rows of F32[16,3] are not 3 heads of even width");

            Tensor wide = Tensor.zeros(arena, 8, 64);
            for (int row = 0; row < 8; row++) {
                wide.slice(row, row + 1).fill(127 * row);                        // exact in blocks: the scale is the row number
            }
            Tensor blocks = GgufNames.interleaveRows(arena, Conversion.to(arena, wide, DType.Q8_0), 2);
            Tensor back = Conversion.to(arena, blocks, DType.F32);
            int[] order = {0, 2, 1, 3, 4, 6, 5, 7};
            for (int row = 0; row < 8; row++) {
                assertThat(back.slice(row, row + 1).toFloats()).containsOnly(127 * order[row]);
            }
        }
    }
}
