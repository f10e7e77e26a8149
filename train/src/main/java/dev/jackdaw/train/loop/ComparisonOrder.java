package dev.jackdaw.train.loop;

import dev.jackdaw.train.data.BatchReader.Position;
import dev.jackdaw.train.data.DataException;
import java.util.SplittableRandom;

/// Which comparisons a step learns from: so many of them, epoch after epoch, each epoch in an order that follows from its number and the
/// seed. A step at the end of an epoch takes the rest from the beginning of the next.
final class ComparisonOrder {
    private final String fingerprint;
    private final int count;
    private final int perStep;
    private final long seed;
    private long taken;
    private long epoch = -1;
    private int[] order;

    /// @param fingerprint of the comparisons
    ComparisonOrder(String fingerprint, int count, int perStep, long seed) {
        this.fingerprint = fingerprint;
        this.count = count;
        this.perStep = perStep;
        this.seed = seed;
    }

    int[] next() {
        int[] chosen = new int[perStep];
        for (int i = 0; i < perStep; i++, taken++) {
            if (taken / count != epoch) {
                epoch = taken / count;
                order = shuffled();
            }
            chosen[i] = order[(int) (taken % count)];
        }
        return chosen;
    }

    private int[] shuffled() {
        int[] all = new int[count];
        SplittableRandom random = new SplittableRandom(new SplittableRandom(seed).nextLong() + epoch);
        for (int i = 0; i < count; i++) {
            int other = random.nextInt(i + 1);
            all[i] = all[other];
            all[other] = i;
        }
        return all;
    }

    Position position() {
        return new Position(fingerprint, perStep, seed, taken / count, (int) (taken % count));
    }

    void resume(Position position) {
        if (!position.fingerprint().equals(fingerprint) || position.context() != perStep || position.seed() != seed || position.row() < 0 || position.row() >= count || position.epoch() < 0) {
            throw new DataException("comparisons: the checkpoint belongs to comparisons " + position.fingerprint() + " in steps of " + position.context() + ", these are " + fingerprint
                    + " in steps of " + perStep + "; continue with the data and the settings the run began with");
        }
        taken = position.epoch() * count + position.row();
    }
}
