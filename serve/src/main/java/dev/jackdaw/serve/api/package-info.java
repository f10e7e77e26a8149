/// # The languages of clients
/// One file a language or path. All of them turn a request into messages or tokens, hand it to a model of the pool, and write what comes back
/// in their own form: [ChatCompletions] is the one to read first, then [ChatFields] (from fields to what a model is asked) and [Choices] (answers
/// while they are written: deadlines, clients that leave, streams).
///
/// - OpenAI: [ChatCompletions], [Completions], [Embeddings], [Models], [Responses] (with [ResponseItems], [ResponseOutput], [ResponseStore]);
/// - Anthropic: [AnthropicMessages] (with [AnthropicFields], [MessageBlocks]);
/// - Ollama: [Ollama] (with [OllamaFields]) and [OllamaModels];
/// - [Tokens], and [OpenApi], which describes them all.
///
/// Not here: who may ask and how much (`http`), what is kept of answers (`feedback`). What differs from the originals: `docs/api.md`.
package dev.jackdaw.serve.api;
