package dev.jackdaw.model.token;

import java.util.Arrays;

/// Bytes that grow, without the lock of `ByteArrayOutputStream`.
final class Bytes {
    private byte[] bytes;
    private int size;

    Bytes(int capacity) {
        bytes = new byte[Math.max(16, capacity)];
    }

    void add(byte b) {
        room(1);
        bytes[size++] = b;
    }

    void add(byte[] more, int from, int to) {
        room(to - from);
        System.arraycopy(more, from, bytes, size, to - from);
        size += to - from;
    }

    private void room(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(Math.multiplyExact(size, 2), size + more));
        }
    }

    int size() {
        return size;
    }

    void cutTo(int size) {
        this.size = size;
    }

    byte[] array() {
        return bytes;
    }

    byte[] toArray() {
        return size == bytes.length ? bytes : Arrays.copyOf(bytes, size);
    }
}
