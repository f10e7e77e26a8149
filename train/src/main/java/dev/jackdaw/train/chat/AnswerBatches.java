package dev.jackdaw.train.chat;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.train.data.BatchReader.Position;
import dev.jackdaw.train.data.DataException;
import dev.jackdaw.train.data.Packer;

/// Batch after batch of conversations, several whole ones in a row side by side, epoch after epoch; or one pass for examination. A
/// conversation never sees another one, is never cut, and comes once in an epoch.
///
/// Rows come from the plan of the epoch ([Packer#whole]) as those of a [dev.jackdaw.train.data.BatchReader] do, and a position is the same two
/// numbers. Not thread-safe.
public final class AnswerBatches {
    private final AnswerSet set;
    private final String fingerprint;
    private final int context;
    private final long seed;
    private final boolean endless;
    private long epoch;
    private int row;
    private Packer plan;

    private AnswerBatches(AnswerSet set, int context, long seed, boolean endless, long epoch, int row) {
        this.set = set;
        this.fingerprint = set.fingerprint();
        this.context = context;
        this.seed = seed;
        this.endless = endless;
        this.epoch = epoch;
        this.row = row;
        plan = Packer.whole(set.places(), context, seed, epoch, endless);
        if (plan.rows() == 0) {
            throw new DataException("conversations: there are none");
        }
    }

    /// Shuffled, without end.
    public static AnswerBatches training(AnswerSet set, int context, long seed) {
        return new AnswerBatches(set, context, seed, true, 0, 0);
    }

    /// Continues a training reader of the same conversations.
    public static AnswerBatches at(AnswerSet set, Position position) {
        AnswerBatches batches = new AnswerBatches(set, position.context(), position.seed(), true, position.epoch(), position.row());
        if (!position.fingerprint().equals(batches.fingerprint)) {
            throw new DataException("conversations: the position belongs to the conversations " + position.fingerprint() + ", these are " + batches.fingerprint
                    + "; continue with the data, the model and the template the run began with");
        }
        if (position.row() < 0 || position.row() > batches.plan.rows() || position.epoch() < 0) {
            throw new DataException("conversations: position epoch " + position.epoch() + ", row " + position.row() + " does not exist; the epoch has "
                    + batches.plan.rows() + " rows of " + position.context());
        }
        return batches;
    }

    /// Every conversation once, in an order that is always the same.
    public static AnswerBatches examination(AnswerSet set, int context) {
        return new AnswerBatches(set, context, 0, false, 0, 0);
    }

    /// Rows of an epoch.
    public int rows() {
        return plan.rows();
    }

    public int context() {
        return context;
    }

    public long epoch() {
        return epoch;
    }

    /// Facts about how the present epoch is packed.
    public Packer.Summary packing() {
        return plan.summary();
    }

    public Position position() {
        return new Position(fingerprint, context, seed, epoch, row);
    }

    /// Back to the beginning.
    public void rewind() {
        row = 0;
        if (epoch != 0) {
            epoch = 0;
            plan = Packer.whole(set.places(), context, seed, 0, endless);
        }
    }

    /// The next batch.
    ///
    /// @param inputs  address of int32 `[rows,context]`
    /// @param targets likewise; -1 where nothing is learned
    /// @param starts  likewise: where in the row the conversation of a place begins
    /// @return how many targets are learned; 0 at the end of an examination
    public int next(long inputs, long targets, long starts, int rows) {
        int learned = 0;
        for (int i = 0; i < rows; i++) {
            if (row == plan.rows() && endless) {
                epoch++;
                row = 0;
                plan = Packer.whole(set.places(), context, seed, epoch, true);
            }
            long at = 4L * i * context;
            learned += fill(row < plan.rows() ? plan.texts(row++) : new int[0], inputs + at, targets + at, starts + at);
        }
        return learned;
    }

    private int fill(int[] sequences, long inputs, long targets, long starts) {
        int at = 0, learned = 0;
        for (int sequence : sequences) {
            int begin = at;
            for (int i = 0; i + 1 < set.length(sequence); i++, at++) {
                boolean isLearned = set.isTrained(sequence, i + 1);
                put(inputs, at, set.id(sequence, i));
                put(targets, at, isLearned ? set.id(sequence, i + 1) : -1);
                put(starts, at, begin);
                learned += isLearned ? 1 : 0;
            }
        }
        for (; at < context; at++) {                           // padding sees itself and nobody sees it
            put(inputs, at, 0);
            put(targets, at, -1);
            put(starts, at, at);
        }
        return learned;
    }

    private static void put(long address, int index, int value) {
        Memory.putInt(address + 4L * index, value);
    }
}
