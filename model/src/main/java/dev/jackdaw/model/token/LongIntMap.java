package dev.jackdaw.model.token;

import java.util.Arrays;

/// A map from `long` to `int ≥ 0` by open addressing: one array, a key and its value side by side, so that a look-up touches one cache
/// line. The key -1 is not allowed; it marks the empty slots. Reading from many threads is safe once writing is over.
final class LongIntMap {
    static final int ABSENT = -1;

    private long[] slots;                    // key, value, key, value, …
    private int mask;                        // number of slots − 1, a power of two − 1
    private int size;

    LongIntMap(int expected) {
        allocate(Integer.highestOneBit(Math.max(8, expected)) << 2);
    }

    private void allocate(int capacity) {
        slots = new long[Math.multiplyExact(capacity, 2)];
        mask = capacity - 1;
        for (int i = 0; i < slots.length; i += 2) {
            slots[i] = -1;
        }
    }

    /// Two ids as one key.
    static long pair(int left, int right) {
        return (long) left << 32 | right & 0xFFFFFFFFL;
    }

    int size() {
        return size;
    }

    int get(long key) {
        int slot = hash(key) & mask;
        while (true) {
            long found = slots[slot << 1];
            if (found == key) {
                return (int) slots[(slot << 1) + 1];
            }
            if (found == -1) {
                return ABSENT;
            }
            slot = slot + 1 & mask;
        }
    }

    void put(long key, int value) {
        if (key == -1 || value < 0) {
            throw new IllegalArgumentException("map: key " + key + ", value " + value + "; -1 is reserved and values are not negative");
        }
        int slot = hash(key) & mask;
        while (slots[slot << 1] != -1 && slots[slot << 1] != key) {
            slot = slot + 1 & mask;
        }
        if (slots[slot << 1] == -1 && ++size > mask >> 1) {
            size--;
            grow();
            put(key, value);
            return;
        }
        slots[slot << 1] = key;
        slots[(slot << 1) + 1] = value;
    }

    interface Entries {
        void take(long key, int value);
    }

    void forEach(Entries entries) {
        for (int i = 0; i < slots.length; i += 2) {
            if (slots[i] != -1) {
                entries.take(slots[i], (int) slots[i + 1]);
            }
        }
    }

    private void grow() {
        long[] old = Arrays.copyOf(slots, slots.length);
        allocate((mask + 1) * 2);
        size = 0;
        for (int i = 0; i < old.length; i += 2) {
            if (old[i] != -1) {
                put(old[i], (int) old[i + 1]);
            }
        }
    }

    private static int hash(long key) {
        long h = key * 0x9E3779B97F4A7C15L;
        return (int) (h ^ h >>> 32);
    }
}
