/// # What goes on inside a model
/// Four experiments. Two look at one prompt: [LogitLens] (what would be said after each layer) and [AttentionMaps] (who looks at whom), drawn
/// together by [ProbePage]. Two train small models of their own, to see how facts get in: [ReversalExperiment] (a model that learned
/// "A is B" asked for A) and [MemorisationExperiment] (how often a text must be repeated to be recited). [Extraction] asks any model how
/// much of given documents it recites.
///
/// Start at [LogitLens#of]. The engine lets an [dev.jackdaw.model.arch.Observer] look on; nothing here computes a layer.
///
/// Deliberately absent: changing what a model thinks on the way, trained lenses, attribution.
package dev.jackdaw.lab.probe;
