/// # The model store
/// Models by name, in a folder of plain files, and how they get there. Read in this order: [ModelStore] (the folder), [ModelSource] (what
/// can be pulled), [Hub] (which files of a repository make a model), [Download] (one file over HTTP, resumable and checked).
///
/// ```
/// ~/.jackdaw/models/NAME/            one folder a model, which appears whole or not at all
///     model.json                     where it came from, and the SHA-256 of each file
///     *.gguf, or a Hugging Face folder's files
/// ~/.jackdaw/models/.partial/NAME/   what is being downloaded; kept when interrupted, so that the next try goes on
/// ```
///
/// The network is touched by [ModelStore#pull] only. Nothing that is downloaded is ever executed; pickled weights are refused.
package dev.jackdaw.model.store;
