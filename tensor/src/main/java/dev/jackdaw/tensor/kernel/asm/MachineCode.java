package dev.jackdaw.tensor.kernel.asm;

import dev.jackdaw.tensor.Switches;
import java.util.Locale;

/// Which machine code this process may run, decided once.
///
/// @param isa    the instruction set our kernels use
/// @param reason why it is not a better one, or null if it is the best there is
public record MachineCode(Isa isa, String reason) {
    /// This process's, as the switch `jackdaw.isa` allows; found out when first asked for.
    public static MachineCode current() {
        return Current.MACHINE;
    }

    private static final class Current {
        static final MachineCode MACHINE = open();

        private static MachineCode open() {
            Isa allowed = Isa.allowed(Switches.ISA);
            MachineCode found = MachineCode.open(allowed, null);
            if (found.isa == Isa.NONE && allowed != Isa.NONE && isSupported()) {
                System.getLogger("jackdaw").log(System.Logger.Level.WARNING, "quantised weights use the slower portable kernels: {0}; jackdaw doctor says what to do",
                        found.reason);
            }
            return found;
        }
    }

    /// Whether we write code for this kind of computer at all.
    public static boolean isSupported() {
        return System.getProperty("os.name").equals("Linux") && (System.getProperty("os.arch").equals("amd64") || System.getProperty("os.arch").equals("x86_64"));
    }

    /// @param pages the system's memory calls; null: the real ones
    public static MachineCode open(Isa allowed, ExecutableMemory.Pages pages) {
        if (!isSupported()) {
            return new MachineCode(Isa.NONE, "machine code is written for Linux on x86-64; this is " + System.getProperty("os.name") + " on "
                    + System.getProperty("os.arch"));
        }
        if (allowed == Isa.NONE) {
            return new MachineCode(Isa.NONE, "-Djackdaw.isa=none");
        }
        try {
            Isa best = Isa.ofThisMachine(pages);
            if (allowed.compareTo(best) < 0) {
                return new MachineCode(allowed, "-Djackdaw.isa=" + allowed.name().toLowerCase(Locale.ROOT));
            }
            return new MachineCode(best, best == Isa.AVX512 ? null : best == Isa.AVX2 ? "the processor has no AVX-512 with VNNI" : "the processor has no AVX2");
        } catch (ExecutableMemory.Refused refused) {
            return new MachineCode(Isa.NONE, refused.getMessage());
        }
    }

    /// For people: which machine code the kernels use, or why none.
    public String description() {
        return switch (isa) {
            case AVX512 -> "machine code for AVX-512 with VNNI";
            case AVX2 -> "machine code for AVX2 (" + reason + ")";
            case NONE -> "no machine code (" + reason + ")";
        };
    }
}
