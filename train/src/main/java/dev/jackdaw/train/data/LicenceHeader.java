package dev.jackdaw.train.data;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/// Takes away the legal notice that a file begins with.
///
/// The same thirty lines stand at the head of every file of a project; a model would spend its first minutes learning them by heart.
/// The rule is general, not a list of known licences: of the comments before the first line of code, those that speak of a licence or a
/// copyright go, the others stay; a doc comment (`/**`) only if it begins with the notice, since it may be documentation that ends with one.
/// A `package` line is stepped over once, for the notices of second owners that follow it. A first line that is not a comment but must come first (`#!`, `<?xml`) stays too. From books of Project
/// Gutenberg, the notices before and after the text go.
final class LicenceHeader {
    /// A legal notice longer than this is the document itself, not its header.
    private static final int LONGEST = 64 << 10;
    private static final int FIRST_LINES = 300;
    private static final int MOST_COMMENTS = 8;
    private static final String[] WORDS = {"copyright", "licence", "license", "all rights reserved", "spdx-", "public domain", "(c) 19", "(c) 20"};

    private LicenceHeader() {
    }

    /// The text without its header; the same array if there was none.
    static byte[] strip(byte[] text, Kind kind) {
        if (kind == Kind.TEXT || kind == Kind.OTHER) {
            return stripGutenberg(text);
        }
        byte[] out = null;
        int kept = 0;
        int i = firstLine(text);
        int copied = 0;
        boolean inside = false;                         // past the package line
        for (int comments = 0; comments < MOST_COMMENTS; comments++) {
            int start = skipSpace(text, i);
            if (!inside && startsWith(text, start, "package ")) {
                inside = true;
                i = lineEnd(text, start);
                continue;
            }
            int end = commentEnd(text, start, kind);
            if (end < 0 || end - start > LONGEST || inside && isDocumentation(text, start)) {
                break;
            }
            if (isLegal(text, start, isDocumentation(text, start) ? Math.min(end, start + FIRST_LINES) : end)) {
                if (out == null) {
                    out = new byte[text.length];
                }
                System.arraycopy(text, copied, out, kept, start - copied);
                kept += start - copied;
                copied = skipSpace(text, end);
            }
            i = end;
        }
        if (out == null) {
            return text;
        }
        System.arraycopy(text, copied, out, kept, text.length - copied);
        return Arrays.copyOf(out, kept + text.length - copied);
    }

    private static boolean isDocumentation(byte[] text, int start) {
        return startsWith(text, start, "/**");
    }

    /// Where the comments before the first line of code end; 0 if there are none. Generated files say so there. A long doc comment is not
    /// among them: it documents the code.
    static int commentsEnd(byte[] text, Kind kind) {
        int i = firstLine(text);
        int last = i;
        for (int comments = 0; comments < MOST_COMMENTS; comments++) {
            int start = skipSpace(text, i);
            int end = commentEnd(text, start, kind);
            if (end < 0 || isDocumentation(text, start) && end - start > FIRST_LINES) {
                break;
            }
            i = end;
            last = end;
        }
        return last;
    }

    private static int firstLine(byte[] text) {
        if (startsWith(text, 0, "#!") || startsWith(text, 0, "<?xml") || startsWith(text, 0, "<?php") || startsWith(text, 0, "<!DOCTYPE")) {
            return lineEnd(text, 0);
        }
        return 0;
    }

    /// The end of the comment that starts at `i`, its line end included, or -1 if none starts there.
    private static int commentEnd(byte[] text, int i, Kind kind) {
        if (startsWith(text, i, "/*")) {
            return after(text, i + 2, "*/");
        }
        if (startsWith(text, i, "<!--")) {
            return after(text, i + 4, "-->");
        }
        if (startsWith(text, i, "{-") && kind == Kind.HASKELL) {
            return after(text, i + 2, "-}");
        }
        String mark = switch (kind) {
            case PYTHON, SHELL, RUBY, PERL, R, JULIA, YAML, PROPERTIES, BUILD -> "#";
            case SQL, LUA, HASKELL -> "--";
            case CLOJURE, ASSEMBLY -> ";";
            case LATEX -> "%";
            default -> "//";
        };
        if (!startsWith(text, i, mark)) {
            return -1;
        }
        int end = i;
        while (end < text.length && startsWith(text, skipBlanks(text, end), mark)) {
            end = lineEnd(text, end);
        }
        return end;
    }

    private static boolean isLegal(byte[] text, int start, int end) {
        String comment = new String(text, start, end - start, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
        for (String word : WORDS) {
            if (comment.contains(word)) {
                return true;
            }
        }
        return false;
    }

    private static byte[] stripGutenberg(byte[] text) {
        int start = indexOf(text, 0, Math.min(text.length, LONGEST), "*** START OF TH");
        int from = start < 0 ? 0 : lineEnd(text, start);
        int end = indexOf(text, from, text.length, "*** END OF TH");
        if (start < 0 && (end < 0 || indexOf(text, end, Math.min(text.length, end + 200), "PROJECT GUTENBERG") < 0)) {
            return text;
        }
        return Arrays.copyOfRange(text, from, end < 0 ? text.length : end);
    }

    private static int after(byte[] text, int from, String mark) {
        int at = indexOf(text, from, text.length, mark);
        return at < 0 ? -1 : at + mark.length();
    }

    static int indexOf(byte[] text, int from, int to, String mark) {
        byte first = (byte) mark.charAt(0);
        for (int i = from; i <= to - mark.length(); i++) {
            if (text[i] == first && startsWith(text, i, mark)) {
                return i;
            }
        }
        return -1;
    }

    static boolean startsWith(byte[] text, int i, String mark) {
        if (i < 0 || i + mark.length() > text.length) {
            return false;
        }
        for (int k = 0; k < mark.length(); k++) {
            if (text[i + k] != mark.charAt(k)) {
                return false;
            }
        }
        return true;
    }

    /// Past the next newline.
    static int lineEnd(byte[] text, int i) {
        while (i < text.length && text[i] != '\n') {
            i++;
        }
        return Math.min(i + 1, text.length);
    }

    static int skipSpace(byte[] text, int i) {
        while (i < text.length && (text[i] == ' ' || text[i] == '\t' || text[i] == '\n')) {
            i++;
        }
        return i;
    }

    private static int skipBlanks(byte[] text, int i) {
        while (i < text.length && (text[i] == ' ' || text[i] == '\t')) {
            i++;
        }
        return i;
    }
}
