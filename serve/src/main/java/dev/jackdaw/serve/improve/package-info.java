/// # From misbehaviour to a better model
/// Versions of a deployed model with their lineage, and the loop that makes the next one.
package dev.jackdaw.serve.improve;
