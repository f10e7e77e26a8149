/// # Conversations
/// [ChatTemplate] turns messages into the text a model was trained on, in the template language of [dev.jackdaw.model.chat.jinja];
/// [ChatPrompt] is that text and knows which of it came from users; [MessageParser] goes the other way, from generated text to the
/// answer, the reasoning and the tool calls in it, as [Message]s. [Chat] puts both together and is what others use: a question with its
/// tools and wishes becomes a request and a parser, and what is wished for is enforced (`CallGrammar`, `OneCall`). [ChatSession] is a
/// conversation with one person.
///
/// Not here: choosing tokens (`generate`), and calling the tools.
package dev.jackdaw.model.chat;
