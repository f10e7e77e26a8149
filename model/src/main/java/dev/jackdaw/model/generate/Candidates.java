package dev.jackdaw.model.generate;

import java.util.Arrays;

/// The tokens that may come next with their logits, while the steps of [Sampling] narrow them down. Buffers are kept from token to token.
final class Candidates {
    private int[] ids = new int[0];
    private float[] logits = new float[0];
    private double[] weights = new double[0];
    private long[] keys = new long[0];
    private int size;
    private int sorted;                      // so many at the front are the likeliest, in order

    /// All tokens but those ruled out by minus infinity.
    void reset(float[] all) {
        makeRoom(all.length);
        for (int id = 0; id < all.length; id++) {
            if (all[id] > Float.NEGATIVE_INFINITY) {
                ids[size] = id;
                logits[size++] = all[id];
            }
        }
    }

    /// The `most` likeliest of all tokens, in order; of equals the lower id first. One pass, which keeps few: for a large vocabulary much
    /// cheaper than sorting it.
    void resetToBest(float[] all, int most) {
        makeRoom(all.length);
        int room = Math.min(2 * most + 64, all.length);
        float least = Float.NEGATIVE_INFINITY;
        for (int id = 0; id < all.length; id++) {
            if (all[id] > least) {
                ids[size] = id;
                logits[size++] = all[id];
                if (size == room && size > most) {
                    sorted = 0;
                    sort(most);
                    keep(most);
                    least = logits[most - 1];
                }
            }
        }
        sorted = 0;
        sort(most);
        if (size > most) {
            keep(most);
        }
    }

    private void makeRoom(int vocabulary) {
        if (ids.length < vocabulary) {
            ids = new int[vocabulary];
            logits = new float[vocabulary];
            weights = new double[vocabulary];
            keys = new long[vocabulary];
        }
        size = 0;
        sorted = 0;
    }

    int size() {
        return size;
    }

    int id(int index) {
        return ids[index];
    }

    float logit(int index) {
        return logits[index];
    }

    void setLogit(int index, float logit) {
        logits[index] = logit;
    }

    /// Only the first `count` remain.
    void keep(int count) {
        size = Math.clamp(count, 1, size);
        sorted = Math.min(sorted, size);
    }

    /// Removes the first `count`.
    void dropFirst(int count) {
        System.arraycopy(ids, count, ids, 0, size - count);
        System.arraycopy(logits, count, logits, 0, size - count);
        size -= count;
        sorted = Math.max(0, sorted - count);
    }

    /// Brings the `count` likeliest to the front, in order; of equals the lower id first.
    void sort(int count) {
        int most = Math.min(count, size);
        if (sorted >= most) {
            return;
        }
        for (int i = 0; i < size; i++) {
            int bits = Float.floatToIntBits(logits[i] + 0f);
            int ascending = bits >= 0 ? bits ^ 0x80000000 : ~bits;                 // as an unsigned number in the order of the floats
            keys[i] = (Integer.toUnsignedLong(~ascending) << 32 | ids[i]) ^ Long.MIN_VALUE;
        }
        if (most < size) {
            select(most);
        }
        Arrays.sort(keys, 0, most);
        for (int i = 0; i < size; i++) {
            long key = keys[i] ^ Long.MIN_VALUE;
            ids[i] = (int) key;
            int ascending = ~(int) (key >>> 32);
            logits[i] = Float.intBitsToFloat(ascending < 0 ? ascending ^ 0x80000000 : ~ascending);
        }
        sorted = most;
    }

    /// Partitions `keys` so that the `n` smallest stand in front (Hoare's quickselect).
    private void select(int n) {
        int low = 0, high = size - 1;
        while (low < high) {
            long pivot = median(keys[low], keys[(low + high) >>> 1], keys[high]);
            int i = low, j = high;
            while (i <= j) {
                while (keys[i] < pivot) {
                    i++;
                }
                while (keys[j] > pivot) {
                    j--;
                }
                if (i <= j) {
                    long swap = keys[i];
                    keys[i++] = keys[j];
                    keys[j--] = swap;
                }
            }
            if (n - 1 <= j) {
                high = j;
            } else if (n - 1 >= i) {
                low = i;
            } else {
                return;
            }
        }
    }

    private static long median(long a, long b, long c) {
        return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    }

    /// Probabilities of the candidates, in their present order; valid until the next call.
    double[] softmax() {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < size; i++) {
            max = Math.max(max, logits[i]);
        }
        double sum = 0;
        for (int i = 0; i < size; i++) {
            weights[i] = Math.exp(logits[i] - max);
            sum += weights[i];
        }
        for (int i = 0; i < size; i++) {
            weights[i] /= sum;
        }
        return weights;
    }

    /// Puts the candidates into another order; `order` holds present positions.
    void arrange(int[] order) {
        int[] newIds = new int[order.length];
        float[] newLogits = new float[order.length];
        for (int i = 0; i < order.length; i++) {
            newIds[i] = ids[order[i]];
            newLogits[i] = logits[order[i]];
        }
        System.arraycopy(newIds, 0, ids, 0, order.length);
        System.arraycopy(newLogits, 0, logits, 0, order.length);
        size = order.length;
        sorted = 0;
    }
}
