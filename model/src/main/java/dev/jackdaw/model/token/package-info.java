/// # From text to token ids and back
/// A model reads whole numbers. This package turns bytes into them and back without losing a byte, and learns which numbers to use.
///
/// Read in this order:
/// - [Tokenizer]: what the rest of the project sees; [Tokenizers] opens one from disk; [TokenRole] says which tokens mean something to programs.
/// - [Split]: first cut the text into words, by the rules GPT-2, GPT-4, Llama 3, Qwen 2 and GPT-4o are known for ([CodePoint] says what is a letter).
/// - [Merger]: then merge the bytes of one word, pair by pair, in the order training found; [WordCache] remembers the words seen before.
/// - [BytePairTokenizer] puts them together, with [SpecialMatcher] for `<|im_end|>` and the like, and [TextStream] for text that arrives token by token.
/// - [BytePairSpec] is such a tokenizer as plain data; [TokenizerJson], [GgufTokenizer] and [TokenizerConfig] are its shapes on disk.
/// - [BpeTrainer]: where the merges come from; [WordCounts] counts the words it learns from.
/// - [VisibleText]: single tokens for people to look at.
/// - [SpecialTokens]: the reserved tokens of the models built here, and their chat template.
///
/// All other kinds are a [PipelineTokenizer], put together from parts:
/// - [Normalization] cleans the text ([Charsmap] is SentencePiece's table of replacements), [PreTokenizer] cuts it ([TextPattern] by regular
///   expressions, [SplitNames] knows those of published models by name), a [PieceModel] makes pieces of words, [PieceDecoder] text of pieces.
/// - [PieceMerges] (SentencePiece BPE), [Unigram] and [WordPiece] are the models.
/// - [PipelineJson], [SentencePieceModel] and [GgufPieces] read them: `tokenizer.json`, `tokenizer.model`, GGUF.
///
/// Byte-level BPE works on bytes, so invalid UTF-8 is just text with unusual symbols. It is described in
/// *Language Models are Unsupervised Multitask Learners* (Radford et al., 2019, section 2.2), the merging in
/// *Neural Machine Translation of Rare Words with Subword Units* (Sennrich et al., 2016, section 3.2).
///
/// Not here: reading GGUF containers (`format`), rendering chat templates, choosing tokens (`generate`).
package dev.jackdaw.model.token;
