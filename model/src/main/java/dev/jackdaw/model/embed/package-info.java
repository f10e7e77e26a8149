/// # Texts as vectors
/// [Embedder] turns a text into one vector, with an encoder made for it or with any decoder; [Reranker] orders documents by what they
/// have to do with a query.
///
/// Not here: the hidden states themselves (`arch`), and where vectors are kept and searched.
package dev.jackdaw.model.embed;
