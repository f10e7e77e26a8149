package dev.jackdaw.model.family;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.arch.Attention;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Rope;
import dev.jackdaw.model.format.FormatException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What published files say in their own ways.
class FamiliesTest {
    private static ConfigFacts facts(String config) {
        return ConfigFacts.of(Path.of("config.json"), JsonMapper.shared().readTree(config.replace('\'', '"')), null);
    }

    /// The text part of a Gemma 3 for text and pictures names little; the rest is what the library assumes.
    @Test
    void fieldsThatAPublishedFileLeavesOut() {
        ConfigFacts f = facts("{'model_type': 'gemma3', 'text_config': {'model_type': 'gemma3_text', 'hidden_size': 2560, 'sliding_window': 1024, 'rope_scaling': {'factor': 8.0, 'rope_type': 'linear'}}}");
        assertThat(f.architecture()).isEqualTo("gemma3_text");
        assertThat(f.size(null, "num_attention_heads")).isEqualTo(8);
        assertThat(f.size(null, "vocab_size")).isEqualTo(262_208);
        assertThat(f.size(null, "sliding_window")).isEqualTo(1024);
        assertThat(Scalings.theta(f)).isEqualTo(1e6);
        assertThat(Scalings.read(f, 256, 1 << 17)).isEqualTo(new Rope.Linear(8));
    }

    @Test
    void rotaryParametersInTheNewWay() {
        ConfigFacts f = facts("{'model_type': 'gemma3_text', 'rope_parameters': {'full_attention': {'rope_type': 'linear', 'factor': 8.0, 'rope_theta': 500000.0}, "
                + "'sliding_attention': {'rope_type': 'default', 'rope_theta': 20000.0}}}");
        assertThat(Scalings.theta(f)).isEqualTo(5e5);
        assertThat(Scalings.read(f, 256, 1024)).isEqualTo(new Rope.Linear(8));
        assertThat(Scalings.theta(facts("{'rope_parameters': {'rope_theta': 7.0, 'rope_type': 'default'}}"))).isEqualTo(7);
        assertThat(Scalings.partial(facts("{'rope_parameters': {'rope_theta': 7.0, 'partial_rotary_factor': 0.25}}"))).isEqualTo(0.25);
        assertThatThrownBy(() -> Scalings.read(facts("{'rope_scaling': {'rope_type': 'spiral'}}"), 8, 8)).isInstanceOf(FormatException.class)
                .hasMessageContaining("rope_scaling type spiral is not supported; supported: default, linear, dynamic, llama3, yarn, longrope");
        Rope.Scaling dynamic = Scalings.read(facts("{'rope_scaling': {'type': 'dynamic', 'factor': 2.0}}"), 8, 8);
        assertThat(dynamic).isEqualTo(new Rope.Dynamic(2));
        assertThat(new Rope.Turned(8, false, 10_000, dynamic).angles(false)).as("within the context").isEqualTo(new Rope.Turned(8, false, 10_000, Rope.UNSCALED).angles(false));
    }

    /// Angles by hand: a pair that turns often stays, one that turns seldom is slowed, whatever lies between is mixed.
    @Test
    void stretchedAngles() {
        double[] plain = new Rope.Turned(8, false, 10_000, Rope.UNSCALED).angles(false);
        assertThat(plain).containsExactly(new double[] {1, 0.1, 0.01, 0.001}, within(1e-12));
        double[] llama = new Rope.Turned(8, false, 10_000, new Rope.Llama3(8, 1, 4, 64)).angles(false);
        assertThat(llama[0]).isEqualTo(1);                               // 64 / 2π = 10.2 turns, more than 4
        double smooth = (6.4 / (2 * Math.PI) - 1) / 3;
        assertThat(llama[1]).isCloseTo(0.1 * ((1 - smooth) / 8 + smooth), within(1e-12));
        assertThat(llama[3]).isEqualTo(0.001 / 8);
        Rope.Yarn yarn = new Rope.Yarn(4, 64, 32, 1, true, Rope.Yarn.magnitude(4, 1));
        assertThat(yarn.magnitude()).isCloseTo(0.1 * Math.log(4) + 1, within(1e-12));
        double[] angles = new Rope.Turned(8, false, 10_000, yarn).angles(false);
        assertThat(angles[0]).isEqualTo(1);                              // pairs -0.5 and 1.01 become 0 (kept above it) and 2
        assertThat(angles[1]).isCloseTo(0.1 * (0.5 / 4 + 0.5), within(1e-12));
        assertThat(angles[2]).isCloseTo(0.01 / 4, within(1e-12));
        assertThat(new Rope.Turned(4, false, 100, new Rope.LongFactors(List.of(1f, 2f), List.of(3f, 4f), 8, 1)).angles(true)).containsExactly(new double[] {1 / 3.0, 0.1 / 4}, within(1e-12));
        assertThatThrownBy(() -> new Rope.Turned(4, false, 100, new Rope.Factors(List.of(1f)))).hasMessageContaining("rope factors for 1 pairs; the head turns 2");
        assertThatThrownBy(() -> new Rope.Yarn(0, 64, 32, 1, true, 1)).hasMessageContaining("rope scaling by 0.0");
    }

    @Test
    void onlyTheTrainedShapeIsPlain() {
        ModelSpec plain = ModelSpec.plain("qwen3", 64, 2, 32, 4, 2, 8, 48, 128, 1e-6f, 1e4f, true, true);
        JsonNode json = JsonMapper.shared().valueToTree(plain);
        assertThat(json.path("headWidth").intValue()).isEqualTo(8);
        assertThat(JsonMapper.shared().treeToValue(json, ModelSpec.class)).isEqualTo(plain);
        Attention.Grouped a = (Attention.Grouped) plain.blocks().getFirst().attention();
        Attention slides = new Attention.Grouped(4, 2, 8, a.rope(), new Attention.Window(5), a.headNorm(), false, false, a.scale(), 0, false);
        ModelSpec.Block block = plain.blocks().getFirst();
        ModelSpec other = new ModelSpec("qwen3", 64, 32, 128, plain.embedding(), List.of(block, new ModelSpec.Block(block.arrangement(), block.norm(), slides, block.feedForward(), 1)),
                plain.finalNorm(), plain.output(), plain.pooling());
        assertThat(other.plain()).isEmpty();
        assertThat(JsonMapper.shared().treeToValue(JsonMapper.shared().valueToTree(other), ModelSpec.class)).isEqualTo(other);
    }
}
