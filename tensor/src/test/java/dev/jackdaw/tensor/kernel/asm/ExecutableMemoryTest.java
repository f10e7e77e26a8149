package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.jackdaw.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class ExecutableMemoryTest {
    @Test
    void executesWhatItWrote() throws ExecutableMemory.Refused {
        assumeTrue(MachineCode.isSupported());
        var a = new Assembler();
        a.load(Reg.RAX, at(Reg.RDI, 0));
        a.multiply(Reg.RAX, Reg.RAX, 6);
        a.store(at(Reg.RDI, 8), Reg.RAX);
        a.ret();
        MemorySegment code = ExecutableMemory.place(a.code());
        try (Arena arena = Arena.ofConfined()) {
            long numbers = arena.allocate(16, 8).address();
            Memory.putLong(numbers, 7);
            ExecutableMemory.call(code, numbers);
            assertThat(Memory.getLong(numbers + 8)).isEqualTo(42);
        }
    }

    @Test
    void aRefusalIsAnException() {
        assertThatThrownBy(() -> ExecutableMemory.place(new byte[10], new Refusing(false, true))).isInstanceOf(ExecutableMemory.Refused.class)
                .hasMessageContaining("mmap");
        var pages = new Refusing(true, false);
        assertThatThrownBy(() -> ExecutableMemory.place(new byte[10], pages)).isInstanceOf(ExecutableMemory.Refused.class).hasMessageContaining("mprotect");
        assertThat(pages.unmapped).as("the memory is given back").isTrue();
    }

    @Test
    void theMachineSaysWhyItComputesAsItDoes() {
        assertThat(MachineCode.open(Isa.NONE, null).reason()).contains("jackdaw.isa");
        MachineCode refused = MachineCode.open(Isa.AVX512, new Refusing(true, false));
        assertThat(refused.isa()).isEqualTo(Isa.NONE);
        assertThat(refused.reason()).contains(MachineCode.isSupported() ? "mprotect" : "x86-64");
        assertThatThrownBy(() -> Isa.allowed("sse9")).hasMessageContaining("sse9").hasMessageContaining("avx512");
        assertThat(Isa.allowed(null)).isEqualTo(Isa.AVX512);
        assertThat(MachineCode.open(Isa.AVX2, null).isa()).isNotEqualTo(Isa.AVX512);
    }

    /// An operating system that gives no memory, or memory that cannot be executed.
    static final class Refusing implements ExecutableMemory.Pages {
        private final Arena arena = Arena.ofAuto();
        private final boolean maps;
        private final boolean executes;
        boolean unmapped;

        Refusing(boolean maps, boolean executes) {
            this.maps = maps;
            this.executes = executes;
        }

        @Override
        public long map(long bytes) {
            return maps ? arena.allocate(bytes, 64).address() : -1;
        }

        @Override
        public int makeExecutable(long address, long bytes) {
            return executes ? 0 : -1;
        }

        @Override
        public void unmap(long address, long bytes) {
            unmapped = true;
        }
    }
}
