package dev.jackdaw.cli;

import dev.jackdaw.tensor.SystemCalls;
import java.lang.foreign.MemorySegment;

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
        MemorySegment dup2 = SystemCalls.find("dup2"), close = SystemCalls.find("close");
        int descriptor = dup2 == null || close == null ? -1 : (int) SystemCalls.call(dup2, saved, 2, 0, 0, 0, 0);
        if (descriptor != 2) {
            throw new IllegalStateException("cannot restore standard error: dup2(" + saved + ", 2) gave " + descriptor + "; set JACKDAW_JAVA_OPTS=-Djackdaw.stderr=2");
        }
        SystemCalls.call(close, saved, 0, 0, 0, 0, 0);               // children that we start must not inherit it
    }
}
