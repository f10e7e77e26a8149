/// # Conversations: from lines of JSON to batches with marked answers
///
/// Read in this order:
/// 1. [Conversation]: turns and tools, checked ([ConversationForm] recognises OpenAI messages, ShareGPT and Alpaca).
/// 2. [Conversations]: all of them in some files; what is malformed is counted in [Rejections] under a [Fault], with its line number.
/// 3. [AnswerEncoder]: the model's own chat template turns a conversation into token ids and says which of them are the model's to write.
/// 4. [AnswerSet]: many encoded conversations in one piece of memory, split into those to learn from and those held out.
/// 5. [AnswerBatches]: whole conversations packed into rows that do not see each other.
///
/// Beside them stand comparisons of answers: [Comparison], its forms ([ComparisonForm]), and all of some files, encoded and split ([Comparisons]).
///
/// Not here: the template language (`model.chat`), the training loop (`train.loop`).
package dev.jackdaw.train.chat;
