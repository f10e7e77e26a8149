package dev.jackdaw.tensor;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Functions of the C library, and code that we wrote ourselves, called by address.
///
/// Preparing a handle takes the JVM some tens of milliseconds, so there is only one. Six whole numbers go to registers and one comes back; who
/// needs fewer ignores the rest, and of a narrower number only its lower half counts. Marked critical: the thread does not change its state for
/// the call, so a call costs some nanoseconds, and the garbage collector waits while it runs.
public final class SystemCalls {
    private static final MethodHandle CALL = Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG), Linker.Option.critical(false));

    private SystemCalls() {
    }

    /// A function of the C library; null if it has none of that name.
    public static MemorySegment find(String name) {
        return Linker.nativeLinker().defaultLookup().find(name).orElse(null);
    }

    /// Calls a function, or other code that follows the calling convention of C.
    public static long call(MemorySegment function, long a, long b, long c, long d, long e, long f) {
        try {
            return (long) CALL.invokeExact(function, a, b, c, d, e, f);
        } catch (Throwable thrown) {
            throw new IllegalStateException(thrown);
        }
    }
}
