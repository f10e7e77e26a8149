package dev.jackdaw.model.token;

import java.util.Arrays;

/// A list of token ids that grows: an `int[]` and how much of it is used.
public final class TokenList {
    private int[] ids;
    private int size;

    public TokenList() {
        this(64);
    }

    public TokenList(int capacity) {
        ids = new int[Math.max(capacity, 4)];
    }

    public void add(int id) {
        if (size == ids.length) {
            grow(size + 1);
        }
        ids[size++] = id;
    }

    public void addAll(int... more) {
        addAll(more, 0, more.length);
    }

    public void addAll(int[] more, int from, int to) {
        room(to - from);
        System.arraycopy(more, from, ids, size, to - from);
        size += to - from;
    }

    /// Takes one id out; those after it move up.
    void remove(int index) {
        System.arraycopy(ids, index + 1, ids, index, size - index - 1);
        size--;
    }

    public int get(int index) {
        if (index >= size) {
            throw new IndexOutOfBoundsException("token list: index " + index + ", size " + size);
        }
        return ids[index];
    }

    public int size() {
        return size;
    }

    /// Forgets the ids and keeps the memory.
    public void clear() {
        size = 0;
    }

    /// The array behind the list, valid up to [#size] and until the next change.
    public int[] array() {
        return ids;
    }

    public int[] toArray() {
        return Arrays.copyOf(ids, size);
    }

    @Override
    public String toString() {
        return Arrays.toString(toArray());
    }

    /// Makes room for `more` ids beyond [#size].
    void room(int more) {
        if (ids.length - size < more) {
            grow(Math.addExact(size, more));
        }
    }

    /// Counts `more` ids as used that were written to [#array] directly.
    void advance(int more) {
        size += more;
    }

    private void grow(int needed) {
        ids = Arrays.copyOf(ids, (int) Math.min(Integer.MAX_VALUE - 8, Math.max(needed, ids.length * 2L)));
    }
}
