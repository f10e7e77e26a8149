package dev.jackdaw.model.token;

import java.util.Arrays;

/// Words by their bytes, found from the front. Node 0 is the root.
final class ByteTrie {
    private final LongIntMap children;
    private final int[] firstChildren = new int[256];
    private int[] values = new int[64];
    private int nodes = 1;

    ByteTrie(int expectedWords) {
        children = new LongIntMap(expectedWords * 2);
        Arrays.fill(firstChildren, -1);
        values[0] = -1;
    }

    /// Of two values for one word the first stays.
    void put(byte[] word, int value) {
        int node = 0;
        for (byte b : word) {
            int child = child(node, b);
            if (child < 0) {
                child = nodes++;
                if (child == values.length) {
                    values = Arrays.copyOf(values, child * 2);
                }
                values[child] = -1;
                if (node == 0) {
                    firstChildren[b & 0xFF] = child;
                } else {
                    children.put(LongIntMap.pair(node, b & 0xFF), child);
                }
            }
            node = child;
        }
        if (values[node] < 0) {
            values[node] = value;
        }
    }

    /// The node that this byte leads to, or -1.
    int child(int node, byte b) {
        return node == 0 ? firstChildren[b & 0xFF] : children.get(LongIntMap.pair(node, b & 0xFF));
    }

    /// The value of the word that ends here, or -1.
    int value(int node) {
        return values[node];
    }
}
