/// # Families
/// From what a file says about its model to a [dev.jackdaw.model.arch.ModelSpec] and a table of names. Read in this order: [Facts] (a
/// header, asked for in the words of GGUF and of `config.json` at once), `Draft` (what most decoders say alike), `LlamaFamily` and its
/// sisters (what each says differently), [Names] and [Form] (which tensors of a file hold which of our weights, and how), [Families]
/// (all of them).
///
/// To add a family, see docs/ADDING.md. Deliberately absent: vision and audio towers, state-space layers.
package dev.jackdaw.model.family;
