/// # What a model may call
/// [Calculator] works out arithmetic exactly.
package dev.jackdaw.agent.ability;
