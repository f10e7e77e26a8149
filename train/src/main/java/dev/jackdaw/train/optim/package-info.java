/// # How gradients move weights
/// [Optimizer] moves matrices by Muon and everything else by AdamW, or all by AdamW; [NewtonSchulz] is Muon's core; [Schedule] says how
/// large the steps are.
package dev.jackdaw.train.optim;
