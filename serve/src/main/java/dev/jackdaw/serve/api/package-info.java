/// # The languages of clients
/// One file a language or path. All of them turn a request into messages or tokens, hand it to a model of the pool, and write what comes back
/// in their own form: [ChatCompletions] is the one to read first.
package dev.jackdaw.serve.api;
