package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.quant.PanelFormat;
import java.util.SplittableRandom;

/// Packed weights of random bits, without an encoder.
final class RandomPanels {
    private RandomPanels() {
    }

    static void fill(SplittableRandom random, long packed, PanelFormat format, int F, int C) {
        long bytes = format.bytes(F, C);
        if (!format.isQuantized()) {
            for (long i = 0; i < bytes; i += format.bits() / 8) {
                float number = (float) random.nextDouble(-1, 1);
                switch (format.type()) {
                    case F16 -> Memory.putShort(packed + i, Float.floatToFloat16(number));
                    case BF16 -> Memory.putShort(packed + i, (short) (Float.floatToRawIntBits(number) >> 16));
                    default -> Memory.putFloat(packed + i, number);
                }
            }
            return;
        }
        for (long i = 0; i < bytes; i += 8) {
            Memory.putLong(packed + i, random.nextLong());
        }
        for (int p = 0; p < PanelFormat.panels(F); p++) {
            long panel = packed + p * format.panelBytes(C);
            int numbers = C / format.block() * PanelFormat.LANES, supers = C / 256 * PanelFormat.LANES;
            switch (format.scale()) {
                case HALF -> halves(random, panel + format.scalesAt(C), numbers);
                case SUPER, SUPER_SIGNED -> halves(random, panel + format.superScalesAt(C), supers);
                case POWER -> {
                    for (int i = 0; i < numbers; i++) {          // seldom the two smallest, which are subnormal
                        Memory.putByte(panel + format.scalesAt(C) + i, (byte) (random.nextInt(20) == 0 ? random.nextInt(2) : random.nextInt(110, 140)));
                    }
                }
                case NONE -> { }
            }
            switch (format.mins()) {
                case HALF -> halves(random, panel + format.minsAt(C), numbers);
                case SUPER, SUPER_SIGNED -> halves(random, panel + format.superMinsAt(C), supers);
                case NONE, POWER -> { }
            }
        }
    }

    private static void halves(SplittableRandom random, long at, int count) {
        for (int i = 0; i < count; i++) {
            Memory.putShort(at + 2L * i, Float.floatToFloat16((float) random.nextDouble(-0.01, 0.01)));
        }
    }
}
