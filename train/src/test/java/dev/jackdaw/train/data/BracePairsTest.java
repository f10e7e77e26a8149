package dev.jackdaw.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class BracePairsTest {
    private static final String SOURCE = """
            class A {
                int f(int x) {
                    if (x > (1 + 2)) {
                        return 1;
                    }
                    return 0;
                }
            %s
                int g(int x) {
                    if (h(x))
                        x = 2;
                    return x;
                }
            }
            """;

    @Test
    void bothWaysAreMadeFromEither() {
        List<BracePairs.Pair> pairs = BracePairs.of(SOURCE.formatted("    // filler\n".repeat(60)));
        assertThat(pairs).hasSize(2);
        BracePairs.Pair braced = pairs.getFirst(), bare = pairs.getLast();
        assertThat(braced.prompt()).isEqualTo("class A {\n    int f(int x) {\n        if (x > (1 + 2))");
        assertThat(braced.braced()).isEqualTo(" {\n            return 1;\n        }\n");
        assertThat(braced.bare()).isEqualTo("\n            return 1;\n");
        assertThat(braced.wasBraced()).isTrue();
        assertThat(bare.prompt()).endsWith("    int g(int x) {\n        if (h(x))").startsWith("    // filler\n").hasSizeLessThan(310);
        assertThat(bare.braced()).isEqualTo(" {\n            x = 2;\n        }\n");
        assertThat(bare.bare()).isEqualTo("\n            x = 2;\n");
        assertThat(bare.wasBraced()).isFalse();
    }

    @Test
    void leavesOutWhatWouldChangeMeaningAndWhatIsTooNear() {
        assertThat(BracePairs.of(SOURCE.formatted(""))).as("600 characters apart").hasSize(1);
        assertThat(BracePairs.of("\n    if (a) {\n        b();\n    }\n    else c();\n")).isEmpty();
        assertThat(BracePairs.of("\n    if (a) + (b)\n        b();\n")).isEmpty();
        assertThat(BracePairs.of("\n    if (a)\n        if (b) c();\n")).isEmpty();
        assertThat(BracePairs.of("")).isEmpty();
    }
}
