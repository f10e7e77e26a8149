package dev.jackdaw.train.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.function.Consumer;

/// One text stream → one document, or several when it is long.
///
/// A program stays whole (up to [#LONGEST]). A book, or a text file that is a whole collection, is cut: at every `<|endoftext|>` if it has
/// any, as published collections do; otherwise at empty lines into pieces of about [#PIECE] bytes. Without that a corpus of one file could
/// not be divided into what is learned from and what is held out.
final class TextPieces {
    static final int LONGEST = 8 << 20;
    static final int WHOLE = 64 << 10;
    static final int PIECE = 16 << 10;
    static final String SEPARATOR = "<|endoftext|>";
    private static final int HEAD = 8 << 10;

    private final String id;
    private final Consumer<Document> sink;
    private final Tally skipped;
    private int pieces;

    private TextPieces(String id, Consumer<Document> sink, Tally skipped) {
        this.id = id;
        this.sink = sink;
        this.skipped = skipped;
    }

    static void read(String id, InputStream raw, Consumer<Document> sink, Tally skipped) throws IOException {
        byte[] head = raw.readNBytes(HEAD);
        if (head.length == 0) {
            skipped.add(Reason.EMPTY, id, 0);
            return;
        }
        if (Encoding.isBinary(head, head.length)) {
            skipped.add(Reason.BINARY, id, head.length);
            return;
        }
        new TextPieces(id, sink, skipped).cut(Encoding.utf8(head, head.length, raw), Kind.of(id, head));
    }

    private void cut(InputStream in, Kind kind) throws IOException {
        boolean prose = kind.family() == Kind.Family.PROSE;
        int whole = prose ? WHOLE : LONGEST;
        byte[] buffer = in.readNBytes(whole);
        boolean ended = buffer.length < whole;
        boolean collection = prose && LicenceHeader.indexOf(buffer, 0, buffer.length, SEPARATOR) >= 0;
        if (ended && !collection) {
            sink.accept(new Document(id, kind, buffer));
            return;
        }
        int from = 0;                                   // what of the buffer has been sent
        while (from < buffer.length || !ended) {
            int left = buffer.length - from;
            int[] cut = collection ? nextSeparator(buffer, from, ended) : ended || left >= whole ? nextBreak(buffer, from, ended, prose ? PIECE : LONGEST) : null;
            if (cut == null && !ended && left < LONGEST) {
                byte[] more = in.readNBytes(Math.max(whole, left));
                ended = more.length < Math.max(whole, left);
                byte[] joined = Arrays.copyOfRange(buffer, from, buffer.length + more.length);
                System.arraycopy(more, 0, joined, left, more.length);
                buffer = joined;
                from = 0;
                continue;
            }
            if (cut == null) {
                cut = nextBreak(buffer, from, ended, LONGEST);
            }
            if (cut == null) {
                skipped.add(Reason.LONG_LINES, id, left);        // one line of many megabytes; the rest of the file goes with it
                return;
            }
            if (cut[0] > from) {
                sink.accept(new Document(id + "#" + ++pieces, kind, Arrays.copyOfRange(buffer, from, cut[0])));
            }
            from = cut[1];
        }
    }

    /// Where the piece ends and where the next one begins; null if no separator has been read yet.
    private static int[] nextSeparator(byte[] buffer, int from, boolean ended) {
        int at = LicenceHeader.indexOf(buffer, from, buffer.length, SEPARATOR);
        if (at >= 0) {
            return new int[] {at, at + SEPARATOR.length()};
        }
        return ended ? new int[] {buffer.length, buffer.length} : null;
    }

    /// The last empty line before `from + length`; or the last line end; or, in one endless line, null.
    private static int[] nextBreak(byte[] buffer, int from, boolean ended, int length) {
        if (ended && buffer.length - from <= length + length / 4) {
            return new int[] {buffer.length, buffer.length};
        }
        int to = Math.min(from + length, buffer.length);
        int line = -1;
        for (int i = to - 1; i > from + length / 2; i--) {
            if (buffer[i] == '\n') {
                if (buffer[i - 1] == '\n' || buffer[i - 1] == '\r' && buffer[i - 2] == '\n') {
                    return new int[] {i + 1, i + 1};
                }
                line = Math.max(line, i + 1);
            }
        }
        if (line < 0) {
            for (int i = to - 1; i > from && line < 0; i--) {
                line = buffer[i] == '\n' ? i + 1 : -1;
            }
        }
        return line < 0 ? null : new int[] {line, line};
    }
}
