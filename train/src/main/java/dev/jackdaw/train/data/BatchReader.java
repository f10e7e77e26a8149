package dev.jackdaw.train.data;

import dev.jackdaw.tensor.Memory;

/// Batch after batch of token ids for training, epoch after epoch; or one pass for examination.
///
/// ```java
/// BatchReader reader = BatchReader.training(shard, 256, seed);
/// reader.next(inputs.address(), targets.address(), 16);      // int32 [B,T] each; targets -1: not to be predicted
/// Position position = reader.position();                     // part of the checkpoint
/// BatchReader same = BatchReader.at(shard, position);        // goes on with exactly the batches that would have followed
/// ```
/// Rows are taken one by one from the plan of the epoch ([Packer]), so the same rows come in the same order however they are divided
/// into batches and accumulation steps. Not thread-safe.
public final class BatchReader {
    /// Where a reader is. Plain numbers, so it can be written as JSON.
    ///
    /// @param fingerprint of the shard
    /// @param context     ids in a row
    /// @param seed        of the shuffling
    /// @param epoch       from 0
    /// @param row         next row of that epoch
    /// @param most        0, or the reader keeps to documents of so many ids together
    public record Position(String fingerprint, int context, long seed, long epoch, int row, long most) {
        public Position(String fingerprint, int context, long seed, long epoch, int row) {
            this(fingerprint, context, seed, epoch, row, 0);
        }
    }

    private final TokenShard shard;
    private final int context;
    private final long seed;
    private final boolean endless;
    private final long most;
    private long epoch;
    private int row;
    private Packer plan;

    private BatchReader(TokenShard shard, int context, long seed, boolean endless, long most, long epoch, int row, Packer plan) {
        this.shard = shard;
        this.context = context;
        this.seed = seed;
        this.endless = endless;
        this.most = most;
        this.epoch = epoch;
        this.row = row;
        this.plan = plan;
    }

    /// Shuffled, without end.
    public static BatchReader training(TokenShard shard, int context, long seed) {
        return training(shard, context, seed, 0);
    }

    /// The same of documents of at most `most` ids together ([Packer#selection]), for a run that ends before it has read all of the text; 0: of all.
    public static BatchReader training(TokenShard shard, int context, long seed, long most) {
        return new BatchReader(shard, context, seed, true, most, 0, 0, Packer.epoch(shard, context, seed, 0, most));
    }

    /// Continues a training reader of the same shard.
    public static BatchReader at(TokenShard shard, Position position) {
        if (!position.fingerprint().equals(shard.fingerprint())) {
            throw new DataException("batches: the position belongs to token shard " + position.fingerprint() + ", " + shard.path() + " is "
                + shard.fingerprint() + "; continue with the data the run began with");
        }
        Packer plan = Packer.epoch(shard, position.context(), position.seed(), position.epoch(), position.most());
        if (position.row() < 0 || position.row() > plan.rows() || position.epoch() < 0) {
            throw new DataException("batches: position epoch " + position.epoch() + ", row " + position.row() + " does not exist; the epoch has "
                + plan.rows() + " rows of " + position.context());
        }
        return new BatchReader(shard, position.context(), position.seed(), true, position.most(), position.epoch(), position.row(), plan);
    }

    /// Every id is a target exactly once, in a fixed order; a row holds ids of one document only.
    ///
    /// @param overlap ids of a document repeated as context at the beginning of each further row of it; more is fairer to the model and
    ///                takes longer
    public static BatchReader evaluation(TokenShard shard, int context, int overlap) {
        return new BatchReader(shard, context, 0, false, 0, 0, 0, Packer.windows(shard, context, overlap));
    }

    /// Rows of the present epoch.
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
        return new Position(shard.fingerprint(), context, seed, epoch, row, most);
    }

    /// Back to the beginning.
    public void rewind() {
        row = 0;
        if (epoch != 0) {
            epoch = 0;
            plan = Packer.epoch(shard, context, seed, 0, most);
        }
    }

    /// Refuses a corpus that has less than one batch, with the numbers.
    public void requireRows(int rows) {
        if (endless && plan.rows() < rows) {
            throw new DataException("batches: the data has " + shard.tokens() + " tokens in " + shard.documents() + " documents, that is " + plan.rows()
                + " rows of " + context + "; one batch needs " + rows + " rows; add text, or choose a smaller batch or context");
        }
    }

    /// The next batch.
    ///
    /// @param inputs  address of int32 `[rows,context]`
    /// @param targets likewise; -1 where nothing is to be predicted
    /// @return how many targets there are to predict; 0 at the end of an examination
    public int next(long inputs, long targets, int rows) {
        requireRows(rows);
        int predicted = 0;
        for (int i = 0; i < rows; i++) {
            long at = 4L * i * context;
            if (row == plan.rows() && endless) {
                epoch++;
                row = 0;
                plan = Packer.epoch(shard, context, seed, epoch, most);
            }
            if (row < plan.rows()) {
                predicted += plan.fill(shard, row++, inputs + at, targets + at);
            } else {
                for (int t = 0; t < context; t++) {
                    Memory.putInt(inputs + at + 4L * t, shard.endOfText());
                    Memory.putInt(targets + at + 4L * t, -1);
                }
            }
        }
        return predicted;
    }
}
