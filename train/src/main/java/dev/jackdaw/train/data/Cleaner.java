package dev.jackdaw.train.data;

import java.util.Arrays;

/// One document as found → one document worth learning from, or the reason why not.
///
/// In this order: encoding and line ends ([Encoding]), does it say it was generated ([Junk]), legal notices ([LicenceHeader]), empty lines
/// at both ends, length, shares of numbers and letters. Knows nothing of other documents, so any number of threads may clean at once.
public final class Cleaner {
    /// Which rules apply.
    ///
    /// @param minimumBytes    documents shorter than this after cleaning are dropped
    /// @param licenceHeaders  remove legal notices at the head of a file
    /// @param generated       drop files that say they were generated
    /// @param shapes          drop by the shape of the text: long lines, numbers, hardly any letters
    /// @param trim            remove empty lines before the text and space after it; end it with one newline
    public record Rules(int minimumBytes, boolean licenceHeaders, boolean generated, boolean shapes, boolean trim) {
        public static final Rules DEFAULT = new Rules(64, true, true, true, true);
        /// Only what every reader needs: valid UTF-8 and `\n`.
        public static final Rules ENCODING_ONLY = new Rules(1, false, false, false, false);

        public Rules {
            if (minimumBytes < 1) {
                throw new IllegalArgumentException("clean: the minimum length is " + minimumBytes + " bytes; give 1 or more");
            }
        }
    }

    /// What became of one document.
    public sealed interface Outcome {
        /// @param headerBytes  length of the legal notices that were removed
        /// @param repairedBytes bytes that were not valid UTF-8
        record Kept(Document document, int headerBytes, int repairedBytes) implements Outcome {
        }

        record Dropped(String id, Reason reason, int bytes) implements Outcome {
        }
    }

    private final Rules rules;

    public Cleaner(Rules rules) {
        this.rules = rules;
    }

    public Outcome clean(Document raw) {
        Encoding.Decoded decoded = Encoding.decode(raw.bytes());
        if (decoded.refused() != null) {
            return dropped(raw, decoded.refused());
        }
        byte[] text = decoded.bytes();
        Kind kind = raw.kind();
        if (rules.generated() && Junk.isGenerated(text, kind)) {
            return dropped(raw, Reason.GENERATED);
        }
        int headerBytes = 0;
        if (rules.licenceHeaders()) {
            byte[] stripped = LicenceHeader.strip(text, kind);
            headerBytes = text.length - stripped.length;
            text = stripped;
        }
        byte[] trimmed = trim(text);
        if (trimmed.length < rules.minimumBytes()) {
            return dropped(raw, trimmed.length == 0 && headerBytes == 0 ? Reason.EMPTY : Reason.TINY);
        }
        text = rules.trim() ? trimmed : text;
        Reason reason = rules.shapes() ? Junk.check(text, kind) : null;
        if (reason != null) {
            return dropped(raw, reason);
        }
        return new Outcome.Kept(new Document(raw.id(), kind, text), headerBytes, decoded.repaired());
    }

    private static Outcome dropped(Document raw, Reason reason) {
        return new Outcome.Dropped(raw.id(), reason, raw.bytes().length);
    }

    /// Without empty lines before and space after; ends with one newline.
    private static byte[] trim(byte[] text) {
        int from = 0;
        for (int i = 0; i < text.length && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n'); i++) {
            if (text[i] == '\n') {
                from = i + 1;
            }
        }
        int to = text.length;
        while (to > from && (text[to - 1] == ' ' || text[to - 1] == '\t' || text[to - 1] == '\n')) {
            to--;
        }
        if (to == from) {
            return new byte[0];
        }
        byte[] out = Arrays.copyOfRange(text, from, to + 1);
        out[to - from] = '\n';
        return out;
    }
}
