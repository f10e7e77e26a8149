package dev.jackdaw.tensor.kernel.asm;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.SystemCalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Code written by an [Assembler], placed where the processor may execute it.
///
/// The pages are mapped for writing, filled, and then turned to reading and executing: never writable and executable at once. They stay
/// until the process ends. Systems may refuse (SELinux's `execmem`, hardened containers); then [Refused] is thrown, a checked exception
/// since there is always another way to compute.
public final class ExecutableMemory {
    /// The operating system does not let us execute what we wrote.
    public static final class Refused extends Exception {
        public Refused(String message) {
            super(message);
        }
    }

    /// The two calls of the operating system, so that a test can refuse.
    public interface Pages {
        /// The address of fresh writable memory, or -1.
        long map(long bytes);

        /// 0, or -1 if refused.
        int makeExecutable(long address, long bytes);

        void unmap(long address, long bytes);
    }

    private static final long PAGE = 4096;
    private static final int READ_WRITE = 3, READ_EXECUTE = 5;
    /// `MAP_PRIVATE | MAP_ANONYMOUS` of Linux.
    private static final int PRIVATE_ANONYMOUS = 0x22;

    private ExecutableMemory() {
    }

    /// The start of the code in executable memory.
    public static MemorySegment place(byte[] code) throws Refused {
        return place(code, Linux.PAGES);
    }

    public static MemorySegment place(byte[] code, Pages pages) throws Refused {
        long bytes = (code.length + PAGE - 1) / PAGE * PAGE;
        long address = pages.map(bytes);
        if (address == -1) {
            throw new Refused("the system gave no memory for " + bytes + " bytes of machine code (mmap)");
        }
        MemorySegment.copy(MemorySegment.ofArray(code), 0, Memory.ALL, address, code.length);
        if (pages.makeExecutable(address, bytes) != 0) {
            pages.unmap(address, bytes);
            throw new Refused("the system does not let this process execute code that it wrote (mprotect)");
        }
        return MemorySegment.ofAddress(address);
    }

    /// Runs code that takes the address of its arguments.
    public static void call(MemorySegment code, long arguments) {
        SystemCalls.call(code, arguments, 0, 0, 0, 0, 0);
    }

    private static final class Linux {
        static final Pages PAGES = new Pages() {
            private final MemorySegment mmap = SystemCalls.find("mmap");
            private final MemorySegment mprotect = SystemCalls.find("mprotect");
            private final MemorySegment munmap = SystemCalls.find("munmap");

            @Override
            public long map(long bytes) {
                return SystemCalls.call(mmap, 0, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
            }

            @Override
            public int makeExecutable(long address, long bytes) {
                return (int) SystemCalls.call(mprotect, address, bytes, READ_EXECUTE, 0, 0, 0);
            }

            @Override
            public void unmap(long address, long bytes) {
                SystemCalls.call(munmap, address, bytes, 0, 0, 0, 0);
            }
        };
    }

    /// 64-byte aligned memory that lives as long as the process, for arguments and constants.
    public static long constants(long bytes) {
        return Arena.global().allocate(bytes, Memory.ALIGNMENT).address();
    }
}
