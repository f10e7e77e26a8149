package dev.jackdaw.tensor;

import java.lang.foreign.Arena;

/// One piece of memory that grows to the largest size ever asked of it. Its contents do not survive growing.
public final class Scratch implements AutoCloseable {
    private Arena arena;
    private long address;
    private long size;

    /// The address of at least `bytes` bytes.
    public long bytes(long bytes) {
        if (bytes > size) {
            close();
            arena = Arena.ofShared();
            address = arena.allocate(bytes, Memory.ALIGNMENT).address();
            size = bytes;
        }
        return address;
    }

    public long size() {
        return size;
    }

    @Override
    public void close() {
        if (arena != null) {
            arena.close();
            arena = null;
            size = 0;
        }
    }
}
