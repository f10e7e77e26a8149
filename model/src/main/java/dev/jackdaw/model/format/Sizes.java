package dev.jackdaw.model.format;

import dev.jackdaw.tensor.Shape;
import java.nio.file.Path;
import java.util.Arrays;

/// Products of sizes that come from a file and may be anything: an overflow is an error of the file.
final class Sizes {
    private Sizes() {
    }

    static Shape shape(Path file, long at, String tensor, long... sizes) {
        long product = 1;
        for (long size : sizes) {
            // A size of 0 must not hide an overflow of the others: multiply by at least 1.
            long factor = Math.max(1, size);
            if (size < 0 || product > Long.MAX_VALUE / factor) {
                throw new FormatException(file, at, "tensor " + tensor + ": shape " + Arrays.toString(sizes).replace(" ", "") + " is impossible; sizes are from 0 up and their product below 2^63");
            }
            product *= factor;
        }
        return Shape.of(sizes);
    }

    static long bytes(Path file, long at, String tensor, long blocks, int blockBytes) {
        if (blocks > Long.MAX_VALUE / blockBytes) {
            throw new FormatException(file, at, "tensor " + tensor + ": " + blocks + " blocks of " + blockBytes + " bytes are more than any file can hold");
        }
        return blocks * blockBytes;
    }
}
