/// # From text to weights
/// Read in this order: `data` (text to token shards to batches), `loop` (settings, the training step, checkpoints, a whole run),
/// `optim` (how gradients move weights), `eval` (bits per byte), `report` (pictures).
package dev.jackdaw.train;
