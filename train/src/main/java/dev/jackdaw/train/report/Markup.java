package dev.jackdaw.train.report;

import java.util.Locale;

/// Turns any text, however hostile, into harmless HTML, SVG or Markdown.
///
/// Samples of a half-trained model contain everything: markup, control characters, halves of characters. What could act (markup, terminal
/// controls, characters that reorder their neighbours) becomes something one can see.
public final class Markup {
    private Markup() {
    }

    /// Text for HTML and SVG, between tags or in a quoted attribute.
    public static String html(String text) {
        String safe = visible(text);
        StringBuilder out = new StringBuilder(safe.length() + 16);
        for (int i = 0; i < safe.length(); i++) {
            char c = safe.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                default -> out.append(c);
            }
        }
        return out.toString();
    }

    /// Text for running Markdown or a cell of a Markdown table: on one line, nothing in it is markup.
    public static String markdown(String text) {
        String safe = visible(text).replace('\n', ' ').replace('\t', ' ');
        StringBuilder out = new StringBuilder(safe.length() + 16);
        for (int i = 0; i < safe.length(); i++) {
            char c = safe.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '\\', '`', '*', '_', '{', '}', '[', ']', '#', '!', '|', '~' -> out.append('\\').append(c);
                case ':' -> out.append(safe.startsWith("//", i + 1) ? "&#58;" : ":");       // GitHub would make links of http://…
                case '@' -> out.append("&#64;");       // and mentions of @…
                default -> out.append(c);
            }
        }
        return out.toString();
    }

    /// A Markdown code block whose fence is longer than any run of backticks in the text.
    static String codeBlock(String text) {
        String safe = visible(text);
        int longest = 0;
        int run = 0;
        for (int i = 0; i < safe.length(); i++) {
            run = safe.charAt(i) == '`' ? run + 1 : 0;
            longest = Math.max(longest, run);
        }
        String fence = "`".repeat(Math.max(3, longest + 1));
        return fence + "text\n" + safe + (safe.endsWith("\n") ? "" : "\n") + fence + "\n";
    }

    /// Makes visible what would act or vanish: control characters and those that steer direction or have no width become their number,
    /// ⟨U+001B⟩, halves of surrogate pairs and non-characters U+FFFD. Newlines and tabs stay.
    public static String visible(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if (c == '\n' || c == '\t') {
                out.append((char) c);
            } else if (Character.getType(c) == Character.SURROGATE || (c & 0xfffe) == 0xfffe || c >= 0xfdd0 && c <= 0xfdef) {
                out.append('\ufffd');
            } else if (steers(c)) {
                out.append(String.format(Locale.ROOT, "⟨U+%04X⟩", c));
            } else {
                out.appendCodePoint(c);
            }
        });
        return out.toString();
    }

    private static boolean steers(int c) {
        return c < 0x20 || c >= 0x7f && c < 0xa0              // controls
                || c >= 0x200b && c <= 0x200f                // zero-width, direction marks
                || c >= 0x2028 && c <= 0x202e                // line separators, direction overrides
                || c >= 0x2060 && c <= 0x206f || c == 0x61c || c == 0xfeff
                || c >= 0xe0000 && c <= 0xe0fff;             // tags, invisible
    }

    /// At most `limit` characters, and how many were left out.
    public static String shortened(String text, int limit) {
        if (text.length() <= limit) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(limit - 1)) ? limit - 1 : limit;
        return text.substring(0, end) + "… (" + Numbers.grouped(text.length() - end) + " more characters)";
    }
}
