/// # A training run
/// Read in this order: [TrainSettings] (everything that decides what comes out), [Trainer] (one step), [Initialization] (where weights
/// start), [Dial] (minutes to settings), [Checkpoint], [Run] (the whole of it, in a directory of plain files).
package dev.jackdaw.train.loop;
