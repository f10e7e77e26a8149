package dev.jackdaw.tensor.kernel.asm;

import dev.jackdaw.tensor.Memory;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

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

    private static final class Linux {
        static final Pages PAGES = open();

        private static Pages open() {
            Linker linker = Linker.nativeLinker();
            ValueLayout.OfLong l = ValueLayout.JAVA_LONG;
            ValueLayout.OfInt i = ValueLayout.JAVA_INT;
            MethodHandle mmap = linker.downcallHandle(linker.defaultLookup().findOrThrow("mmap"), FunctionDescriptor.of(l, l, l, i, i, i, l));
            MethodHandle mprotect = linker.downcallHandle(linker.defaultLookup().findOrThrow("mprotect"), FunctionDescriptor.of(i, l, l, i));
            MethodHandle munmap = linker.downcallHandle(linker.defaultLookup().findOrThrow("munmap"), FunctionDescriptor.of(i, l, l));
            return new Pages() {
                @Override
                public long map(long bytes) {
                    try {
                        return (long) mmap.invokeExact(0L, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
                    } catch (Throwable e) {
                        throw new IllegalStateException(e);
                    }
                }

                @Override
                public int makeExecutable(long address, long bytes) {
                    try {
                        return (int) mprotect.invokeExact(address, bytes, READ_EXECUTE);
                    } catch (Throwable e) {
                        throw new IllegalStateException(e);
                    }
                }

                @Override
                public void unmap(long address, long bytes) {
                    try {
                        int _ = (int) munmap.invokeExact(address, bytes);
                    } catch (Throwable e) {
                        throw new IllegalStateException(e);
                    }
                }
            };
        }
    }

    /// One handle for all our code: it takes the address of a block of arguments and gives nothing back. Marked critical: the thread does
    /// not change its state for the call, so a call costs some nanoseconds, and the collector waits while it runs.
    private static final MethodHandle CALL =
            Linker.nativeLinker().downcallHandle(FunctionDescriptor.ofVoid(ValueLayout.JAVA_LONG), Linker.Option.critical(false));

    public static void call(MemorySegment code, long arguments) {
        try {
            CALL.invokeExact(code, arguments);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /// 64-byte aligned memory that lives as long as the process, for arguments and constants.
    public static long constants(long bytes) {
        return Arena.global().allocate(bytes, Memory.ALIGNMENT).address();
    }
}
