package dev.jackdaw.tensor.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.tensor.DType;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/// The contract for each format, with the error it may make on normal numbers. Those of `Q6_K` around 10⁻³ need subnormal F16 scales.
class BlockFormatsTest {
    @Test
    void everyBlockTypeHasAFormat() {
        for (DType type : DType.values()) {
            if (type.isBlocks()) {
                assertThat(BlockFormat.of(type).type()).isEqualTo(type);
            } else {
                assertThatThrownBy(() -> BlockFormat.of(type)).hasMessageContaining(type + " has no blocks");
            }
        }
    }

    @Nested
    class Q8_0Test extends BlockFormatContract {
        Q8_0Test() {
            super(DType.Q8_0, 0.007);
        }
    }

    @Nested
    class Q4_0Test extends BlockFormatContract {
        Q4_0Test() {
            super(DType.Q4_0, 0.11);
        }
    }

    @Nested
    class Q4_1Test extends BlockFormatContract {
        Q4_1Test() {
            super(DType.Q4_1, 0.1);
        }
    }

    @Nested
    class Q5_0Test extends BlockFormatContract {
        Q5_0Test() {
            super(DType.Q5_0, 0.055);
        }
    }

    @Nested
    class Q5_1Test extends BlockFormatContract {
        Q5_1Test() {
            super(DType.Q5_1, 0.05);
        }
    }

    @Nested
    class Q2_KTest extends BlockFormatContract {
        Q2_KTest() {
            super(DType.Q2_K, 0.35);
        }
    }

    @Nested
    class Q3_KTest extends BlockFormatContract {
        Q3_KTest() {
            super(DType.Q3_K, 0.2);
        }
    }

    @Nested
    class Q4_KTest extends BlockFormatContract {
        Q4_KTest() {
            super(DType.Q4_K, 0.09);
        }
    }

    @Nested
    class Q5_KTest extends BlockFormatContract {
        Q5_KTest() {
            super(DType.Q5_K, 0.05);
        }
    }

    @Nested
    class Q6_KTest extends BlockFormatContract {
        Q6_KTest() {
            super(DType.Q6_K, 0.05);
        }
    }

    @Nested
    class IQ4_NLTest extends BlockFormatContract {
        IQ4_NLTest() {
            super(DType.IQ4_NL, 0.1);
        }
    }

    @Nested
    class IQ4_XSTest extends BlockFormatContract {
        IQ4_XSTest() {
            super(DType.IQ4_XS, 0.1);
        }
    }

    @Nested
    class MXFP4Test extends BlockFormatContract {
        MXFP4Test() {
            super(DType.MXFP4, 0.14);
        }
    }

    @Nested
    class TQ1_0Test extends BlockFormatContract {
        TQ1_0Test() {
            super(DType.TQ1_0, 0.95);
        }
    }

    @Nested
    class TQ2_0Test extends BlockFormatContract {
        TQ2_0Test() {
            super(DType.TQ2_0, 0.95);
        }
    }
}
