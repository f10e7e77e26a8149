/// # Models that answer
/// [ModelPool] (which models there are, loaded on demand within a budget of memory), [LoadedModel] (one model, its engine and its chat).
package dev.jackdaw.serve.models;
