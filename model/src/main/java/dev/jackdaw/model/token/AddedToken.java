package dev.jackdaw.model.token;

/// A token that is matched in the text by its name, before any splitting and merging.
///
/// @param id         its id
/// @param content    its name, as it appears in text: `<|im_end|>`
/// @param special    it is no text: user input must not produce it, and decoding may skip it
/// @param singleWord matched only where no letter or digit touches it
/// @param leftStrip  takes the white space before it along
/// @param rightStrip takes the white space after it along
/// @param normalized looked for after Unicode normalisation, not before
public record AddedToken(int id, String content, boolean special, boolean singleWord, boolean leftStrip, boolean rightStrip,
                         boolean normalized) {
    public AddedToken {
        if (id < 0 || content.isEmpty()) {
            throw new IllegalArgumentException("added token: id " + id + ", content \"" + content + "\"; the id must be 0 or more and the content not empty");
        }
    }

    /// The usual kind: found exactly where its name stands.
    public static AddedToken of(int id, String content, boolean special) {
        return new AddedToken(id, content, special, false, false, false, false);
    }
}
