package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Switches;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.tensor.kernel.asm.ExecutableMemory;
import dev.jackdaw.tensor.kernel.asm.Isa;
import dev.jackdaw.tensor.kernel.asm.MachineCode;
import dev.jackdaw.tensor.kernel.asm.PackCode;
import dev.jackdaw.tensor.quant.PanelFormat;
import dev.jackdaw.tensor.quant.PanelPacking;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/// Packs weights as [PanelPacking] does, with the same bits, by machine code where there is some.
public final class PackingAsm {
    private static final int LANES = PanelFormat.LANES;
    /// Bytes packed in one call of machine code: a garbage collection waits for its end, and there may be disk reads in it.
    private static final long CALL = 256 << 10;
    private static final MemorySegment[] KNOWN = new MemorySegment[DType.values().length];

    private PackingAsm() {
    }

    /// Packs F rows of C numbers of the format's type into `packed`, which has [PanelFormat#bytes] and begins on a cache line.
    public static void pack(Workers workers, long packed, PanelFormat format, int F, int C, PanelPacking.Rows rows) {
        MemorySegment code = Switches.SCALAR ? null : code(format);
        if (code == null) {
            PanelPacking.pack(workers, packed, format, F, C, rows);
        } else {
            pack(workers, code, packed, format, F, C, rows);
        }
    }

    private static synchronized MemorySegment code(PanelFormat format) {
        int i = format.type().ordinal();
        if (KNOWN[i] == null) {
            MemorySegment code = PackCode.of(MachineCode.current().isa(), format);
            KNOWN[i] = code == null ? MemorySegment.NULL : code;
        }
        return KNOWN[i] == MemorySegment.NULL ? null : KNOWN[i];
    }

    /// @param code as [PackCode#of(Isa, PanelFormat)] gives it
    static void pack(Workers workers, MemorySegment code, long packed, PanelFormat format, int F, int C, PanelPacking.Rows rows) {
        format.bytes(F, C);
        int panels = PanelFormat.panels(F);
        long panelBytes = format.panelBytes(C);
        int grain = Math.max(1, Math.min(64, panels / (4 * workers.threads()))), together = (int) Math.max(1, Math.min(grain, CALL / panelBytes));
        if (F % LANES != 0) {
            Memory.ALL.asSlice(packed + (panels - 1) * panelBytes, panelBytes).fill((byte) 0);
        }
        workers.forRange(panels, grain, (from, to) -> {
            try (Arena arena = Arena.ofConfined()) {
                long arguments = arena.allocate(PackCode.BYTES + 8L * LANES * together, Memory.ALIGNMENT).address(), table = arguments + PackCode.BYTES;
                long[] addresses = new long[LANES * together];
                for (int panel = (int) from; panel < to; panel += together) {
                    int count = (int) Math.min(together, to - panel), first = LANES * panel, present = Math.min(LANES * count, F - first);
                    Arrays.fill(addresses, 0);
                    rows.addresses(first, present, addresses);
                    MemorySegment.copy(addresses, 0, Memory.ALL, ValueLayout.JAVA_LONG, table, LANES * count);
                    Memory.putLong(arguments + PackCode.PANEL, packed + panel * panelBytes);
                    Memory.putLong(arguments + PackCode.PANELS, count);
                    Memory.putLong(arguments + PackCode.ROWS, table);
                    Memory.putLong(arguments + PackCode.PANEL_BYTES, panelBytes);
                    Memory.putLong(arguments + PackCode.BLOCKS, C / format.type().blockElements());
                    Memory.putLong(arguments + PackCode.HIGH_AT, format.highAt(C));
                    Memory.putLong(arguments + PackCode.SCALES_AT, format.scalesAt(C));
                    Memory.putLong(arguments + PackCode.MINS_AT, format.minsAt(C));
                    Memory.putLong(arguments + PackCode.SUPER_SCALES_AT, format.superScalesAt(C));
                    Memory.putLong(arguments + PackCode.SUPER_MINS_AT, format.superMinsAt(C));
                    ExecutableMemory.call(code, arguments);
                }
            }
        });
    }
}
