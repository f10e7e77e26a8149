/// # Many texts at once
/// [Engine] writes many texts in one loop: every weight of the model is read once for all of them. [Engine#submit] takes a request and gives
/// a [TokenStream]; `Task` is a request on its way through the engine, `Schedule` divides the rows of a pass among the tasks, `Channel`
/// carries tokens from the engine to the reader.
///
/// Not here: how a token is chosen (`generate.Sequence`), the pass itself and the pages behind it (`arch`).
package dev.jackdaw.model.engine;
