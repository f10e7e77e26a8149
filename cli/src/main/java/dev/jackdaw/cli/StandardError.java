package dev.jackdaw.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;

/// Gives standard error back.
///
/// Before `main` runs, Java prints `WARNING: Using incubator modules: jdk.incubator.vector` to standard error, and no option turns
/// that off. So the launcher starts Java with the real standard error as descriptor 3 and with nothing as descriptor 2, and says so
/// in the property `jackdaw.stderr`; the first thing we do is to put 3 back in the place of 2. From then on all is as usual, also for
/// what the JVM itself or the C library has to say.
final class StandardError {
    private StandardError() {
    }

    static void restore() {
        int saved = Integer.getInteger("jackdaw.stderr", 2);
        if (saved == 2) {
            return;
        }
        Linker linker = Linker.nativeLinker();
        try {
            var dup2 = linker.downcallHandle(linker.defaultLookup().findOrThrow("dup2"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            int descriptor = (int) dup2.invokeExact(saved, 2);
            if (descriptor != 2) {
                throw new IllegalStateException("dup2(" + saved + ", 2) gave " + descriptor);
            }
            var close = linker.downcallHandle(linker.defaultLookup().findOrThrow("close"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            int _ = (int) close.invokeExact(saved);      // children that we start must not inherit it
        } catch (Throwable e) {
            throw new IllegalStateException("cannot restore standard error; set JACKDAW_JAVA_OPTS=-Djackdaw.stderr=2", e);
        }
    }
}
