package dev.jackdaw.tensor.kernel;

import static dev.jackdaw.tensor.kernel.Floats.OFFSETS;
import static dev.jackdaw.tensor.kernel.Floats.SIZES;

import java.util.Random;
import org.junit.jupiter.api.Test;

class EmbeddingTest {
    private static final int VOCABULARY = 5;
    private static final int ROWS = 9;

    private final Random random = new Random(4);
    private final Embedding scalar = Embedding.SCALAR;
    private final Embedding simd = new EmbeddingSimd();

    @Test
    void matchesReference() {
        for (int width : SIZES) {
            for (int offset : OFFSETS) {
                String what = "width " + width + ", offset " + offset;
                Floats table = Floats.random(random, VOCABULARY * width, offset, 1);
                Floats ids = Floats.ids(random, ROWS, VOCABULARY);
                Floats out1 = Floats.zeros(ROWS * width, offset);
                Floats out2 = Floats.zeros(ROWS * width, offset);
                scalar.forward(out1.address(), table.address(), ids.address(), 1, ROWS, width);
                simd.forward(out2.address(), table.address(), ids.address(), 1, ROWS, width);
                out2.assertSame(out1, what);
                Floats dTable1 = table.copy();
                scalar.backward(dTable1.address(), out1.address(), ids.address(), ROWS, width, 0, width);
                for (int cut : new int[] {0, width / 3, width / 2}) {
                    Floats dTable2 = table.copy();
                    simd.backward(dTable2.address(), out1.address(), ids.address(), ROWS, width, 0, cut);
                    simd.backward(dTable2.address(), out1.address(), ids.address(), ROWS, width, cut, width);
                    dTable2.assertSame(dTable1, what + ", cut at " + cut);
                }
            }
        }
    }

    @Test
    void gradientIsTheSlope() {
        int width = 3;
        Floats table = Floats.random(random, VOCABULARY * width, 0, 1);
        Floats ids = Floats.ids(random, ROWS, VOCABULARY);
        Floats out = Floats.zeros(ROWS * width, 0);
        Floats dOut = Floats.random(random, ROWS * width, 0, 1);
        Floats dTable = Floats.zeros(VOCABULARY * width, 0);
        scalar.backward(dTable.address(), dOut.address(), ids.address(), ROWS, width, 0, width);
        table.assertGradient(dTable, () -> {
            scalar.forward(out.address(), table.address(), ids.address(), 0, ROWS, width);
            return out.dot(dOut);
        }, 1e-4, "dTable");
    }
}
