package dev.jackdaw.tensor;

import java.util.Arrays;

/// How an operation looks at the tensors it was given: as rows of one width, at an address, and whether they fit together.
final class Operands {
    private Operands() {
    }

    /// 0 if there is none.
    static long address(Tensor tensor) {
        return tensor == null ? 0 : tensor.address();
    }

    static int width(Tensor tensor) {
        return Math.toIntExact(tensor.shape().width());
    }

    static int rows(Tensor tensor) {
        return Math.toIntExact(tensor.shape().rows());
    }

    static void require(String operation, boolean fits, Tensor... tensors) {
        if (!fits) {
            throw new IllegalArgumentException(operation + ": " + Arrays.toString(tensors) + " do not fit together");
        }
    }

    /// The same, where what stands beside the input has names: `others` is a name, its tensor, and so on.
    static void requireInput(String operation, boolean fits, Tensor x, Object... others) {
        if (!fits) {
            StringBuilder text = new StringBuilder(operation).append(": input ").append(x);
            for (int i = 0; i < others.length; i += 2) {
                text.append(", ").append(others[i]).append(' ').append(others[i + 1]);
            }
            throw new IllegalArgumentException(text.append(" do not fit together").toString());
        }
    }
}
