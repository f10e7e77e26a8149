/// # Jackdaw behind LangChain4j
///
/// An application written against LangChain4j's interfaces runs a model in its own process, without a server and without a network.
/// Read in this order: [Conversation] (one request from messages to answer), [JackdawChatModel], [JackdawStreamingChatModel],
/// [JackdawEmbeddingModel].
///
/// ```java
/// try (Device device = Device.cpu(2); Model model = Model.open(Path.of("qwen3-0.6b-q8_0.gguf"), device)) {
///     String answer = new JackdawChatModel(model).chat("Which class reads a file line by line?");
/// }
/// ```
/// Not here: images and sound in messages (refused), servers, memory of conversations (LangChain4j's own).
package dev.jackdaw.langchain4j;
