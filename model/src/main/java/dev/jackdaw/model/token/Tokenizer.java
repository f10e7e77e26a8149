package dev.jackdaw.model.token;

import java.util.OptionalInt;
import java.util.Set;

/// Text to token ids and back. Implementations are immutable for their users and may be called from any number of threads.
///
/// Two choices are always the caller's, never a hidden default:
/// - `parseSpecial`: is `<|im_end|>` in the text the token of that name (text from a chat template), or nine ordinary characters
///   (text from a user, who must not be able to forge it)?
/// - `addSpecial`: put the tokens around the text that the model saw around its training documents, usually one at the beginning.
public interface Tokenizer {
    /// The ids of UTF-8 text. Bytes that are not UTF-8 are kept as they are.
    default int[] encode(byte[] text, boolean parseSpecial, boolean addSpecial) {
        TokenList ids = new TokenList(text.length / 3 + 8);
        if (addSpecial) {
            ids.addAll(idsBefore());
        }
        encode(text, 0, text.length, parseSpecial, ids);
        if (addSpecial) {
            ids.addAll(idsAfter());
        }
        return ids.toArray();
    }

    /// The ids of a string. Half a surrogate pair, which no UTF-8 can express, becomes U+FFFD.
    default int[] encode(String text, boolean parseSpecial, boolean addSpecial) {
        return encode(Utf8.bytes(text), parseSpecial, addSpecial);
    }

    /// The ids of plain text: no special token is recognised, none is added.
    default int[] encode(String text) {
        return encode(text, false, false);
    }

    /// Appends the ids of `text[from, to)` to `ids`; adds no tokens of its own. The way to encode a lot without garbage.
    void encode(byte[] text, int from, int to, boolean parseSpecial, TokenList ids);

    /// Appends the ids of text that somebody typed: no special token is recognised, and of the other added ones none of these names. Some of
    /// those are marks to a chat template all the same: `<think>`, `<tool_call>`.
    void encodeTyped(byte[] text, Set<String> names, TokenList ids);

    /// What `addSpecial` puts before the text; usually one id or none.
    int[] idsBefore();

    /// What `addSpecial` puts after the text; usually none.
    int[] idsAfter();

    /// The bytes of the ids, exactly. Ids that no token has (models are often padded beyond their vocabulary) give nothing.
    default byte[] decodeBytes(int[] ids, boolean skipSpecial) {
        Decoding decoding = decoding(skipSpecial);
        Bytes text = new Bytes(ids.length * 4);
        for (int id : ids) {
            byte[] bytes = decoding.next(id);
            text.add(bytes, 0, bytes.length);
        }
        return text.toArray();
    }

    /// The bytes of tokens in a row. What a token gives may depend on what came before it: in many vocabularies the first word of a text
    /// loses its space. One for each text.
    @FunctionalInterface
    interface Decoding {
        byte[] next(int id);
    }

    /// Begins a new text.
    default Decoding decoding(boolean skipSpecial) {
        return id -> skipSpecial && isSpecial(id) ? new byte[0] : bytes(id);
    }

    /// The text of the ids; bytes that are not UTF-8 become U+FFFD.
    default String decode(int[] ids, boolean skipSpecial) {
        return Utf8.text(decodeBytes(ids, skipSpecial));
    }

    /// All the text, special tokens included.
    default String decode(int... ids) {
        return decode(ids, false);
    }

    /// Decodes tokens as they come and never hands out half a character.
    default TextStream stream(boolean skipSpecial) {
        return new TextStream(decoding(skipSpecial));
    }

    /// One more than the highest id.
    int vocabularySize();

    /// The bytes of one token in the middle of a text; empty if no token has this id.
    byte[] bytes(int id);

    /// The token as its vocabulary file writes it (`Ġthe` for ` the`); empty if no token has this id.
    String piece(int id);

    /// The id of the token that its vocabulary file writes so; special tokens go by their name, `<|im_end|>`.
    OptionalInt id(String piece);

    /// Does this id belong to a token that is no text, such as `<|im_end|>`?
    boolean isSpecial(int id);

    /// The token with this meaning, if the model has one.
    OptionalInt token(TokenRole role);

    /// Does the model mean with this token that it is done: end of text, of an answer, or of a message?
    boolean ends(int id);

    /// The token that begins a document, if the model has one.
    default OptionalInt bos() {
        return token(TokenRole.BEGIN);
    }

    /// The token that ends a document or an answer, if the model has one.
    default OptionalInt eos() {
        return token(TokenRole.END);
    }
}
