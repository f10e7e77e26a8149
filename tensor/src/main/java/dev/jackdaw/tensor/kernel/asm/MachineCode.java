package dev.jackdaw.tensor.kernel.asm;

import dev.jackdaw.tensor.Switches;
import java.util.Locale;

/// Which machine code this process may run, decided once.
///
/// @param isa    the instruction set our kernels use
/// @param reason why it is not a better one, or null if it is the best there is
public record MachineCode(Isa isa, String reason) {
    private static MachineCode current;

    /// This process's, as the switch `jackdaw.isa` allows; found out when first asked for.
    public static synchronized MachineCode current() {
        if (current == null) {
            Isa allowed = Isa.allowed(Switches.ISA);
            current = open(allowed, null);
            if (current.isa == Isa.NONE && allowed != Isa.NONE && isSupported()) {
                System.getLogger("jackdaw").log(System.Logger.Level.WARNING, "quantised weights use the slower portable kernels: {0}; jackdaw doctor says what to do",
                        current.reason);
            }
        }
        return current;
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

    /// For people: the instructions that machine code uses, or why there is none.
    public String description() {
        return switch (isa) {
            case AVX512 -> "AVX-512 with VNNI";
            case AVX2 -> "AVX2 (" + reason + ")";
            case NONE -> "none (" + reason + ")";
        };
    }
}
