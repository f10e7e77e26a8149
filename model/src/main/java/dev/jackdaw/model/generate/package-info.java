/// # From logits to text
/// [Request] says what to generate, [Generator] is the loop, [Sequence] the text in the making, [Sampler] chooses each token by [Sampling]: a fixed chain of [Penalties],
/// [Dry], the `Step`s that narrow the candidates, and [Mirostat]. [StopStrings] ends a text, [Thinking] ends its thoughts, [Overflow]
/// says what happens to a prompt that is too long, [PromptCache] remembers what was read. [Constraint] is what a grammar looks like from
/// here; the grammars are in `constrain`. [Speculation] lets a model check the guesses of a [Drafter] ([DraftModel], [PromptLookup]) instead of
/// writing token by token, with the same text as the result.
///
/// Not here: the model itself, seen as a [Predictor], and the conversation around a text (`chat`).
package dev.jackdaw.model.generate;
