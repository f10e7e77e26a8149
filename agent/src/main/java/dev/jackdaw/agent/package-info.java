/// # A model that acts
/// What a model may call, and where foreign code runs. `sandbox` runs untrusted programs with limits on time, memory, files and network;
/// `ability` holds what a model can call, one file each.
/// Not here: training ([dev.jackdaw.train]), files and tokens ([dev.jackdaw.model]).
package dev.jackdaw.agent;
