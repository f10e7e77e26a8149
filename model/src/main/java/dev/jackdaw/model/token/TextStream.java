package dev.jackdaw.model.token;

import java.util.Arrays;

/// Text that arrives token by token. A token may end in the middle of a UTF-8 character; those bytes wait for the next token, so
/// what [#next] returns can be shown at once. All the pieces and [#end] together are what [Tokenizer#decode] gives for all the ids
/// (where the bytes are not UTF-8 at all, the number of U+FFFD may differ: some libraries look at a whole run of bytes before they count).
///
/// For one thread; one stream for one answer.
public final class TextStream {
    private final Tokenizer.Decoding decoding;
    private byte[] waiting = new byte[0];        // at most three bytes: the beginning of a character

    TextStream(Tokenizer.Decoding decoding) {
        this.decoding = decoding;
    }

    /// The complete characters that this token brings; often a word, sometimes nothing.
    public String next(int id) {
        byte[] more = decoding.next(id);
        byte[] bytes = Arrays.copyOf(waiting, waiting.length + more.length);
        System.arraycopy(more, 0, bytes, waiting.length, more.length);
        int complete = bytes.length - Utf8.incompleteTail(bytes, bytes.length);
        waiting = Arrays.copyOfRange(bytes, complete, bytes.length);
        return Utf8.text(bytes, 0, complete);
    }

    /// What is left when no more tokens come: U+FFFD if the last character never became complete, else nothing.
    public String end() {
        String rest = Utf8.text(waiting);
        waiting = new byte[0];
        return rest;
    }
}
