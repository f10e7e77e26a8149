package dev.jackdaw.cli;

import java.util.function.Consumer;

/// Shows Markdown in colour while it streams: headings and `**bold**` bold, `` `code` `` and fenced code coloured, quotes dim, bullets as
/// dots. A mark of two characters waits for its second one; everything else appears at once. Without colour the text passes unchanged.
final class MarkdownPrinter {
    private static final String RESET = "\u001b[0m";

    private final Consumer<String> out;
    private final boolean colours;
    private final StringBuilder held = new StringBuilder();     // the beginning of a line or of a mark, not decided yet
    private boolean lineStarts = true;
    private boolean inFence;
    private boolean inCode;
    private boolean isBold;
    private boolean isHeading;
    private boolean isQuote;

    MarkdownPrinter(Consumer<String> out, boolean colours) {
        this.out = out;
        this.colours = colours;
    }

    void accept(String piece) {
        if (!colours) {
            out.accept(piece);
            return;
        }
        StringBuilder shown = new StringBuilder();
        for (int i = 0; i < piece.length(); i++) {
            one(piece.charAt(i), shown);
        }
        if (!shown.isEmpty()) {
            out.accept(shown.toString());
        }
    }

    /// Shows what was held back and ends all styles.
    void end() {
        if (colours) {
            StringBuilder shown = new StringBuilder();
            flush(shown);
            inFence = inCode = isBold = isHeading = isQuote = false;
            out.accept(shown.append(RESET).toString());
        }
    }

    private void one(char c, StringBuilder shown) {
        if (lineStarts) {
            if (c != '\n' && held.length() < 8 && couldMark(held.toString() + c)) {
                held.append(c);
                return;
            }
            String start = held.toString();
            held.setLength(0);
            lineStarts = false;
            begin(start, c, shown);
        }
        text(c, shown);
    }

    /// Might these first characters of a line still become a mark?
    private boolean couldMark(String start) {
        return inFence ? "```".startsWith(start.strip()) : start.matches(" *(#{1,6}|[-*+]|>|`{1,3})?");
    }

    private void begin(String start, char next, StringBuilder shown) {
        String mark = start.strip();
        if (mark.equals("```")) {
            inFence = !inFence;
            shown.append("\u001b[2m").append(start);
            return;
        }
        if (inFence) {
            shown.append("\u001b[36m").append(start);
            return;
        }
        if (mark.matches("#{1,6}") && next == ' ') {
            isHeading = true;
            style(shown);
            shown.append(start);
        } else if (mark.matches("[-*+]") && next == ' ') {
            shown.append(start.replaceFirst("[-*+]", "•"));
        } else if (mark.equals(">")) {
            isQuote = true;
            style(shown);
            shown.append(start);
        } else {
            for (char c : start.toCharArray()) {
                text(c, shown);
            }
        }
    }

    private void text(char c, StringBuilder shown) {
        if (c == '\n') {
            flush(shown);
            isHeading = isQuote = inCode = isBold = false;
            shown.append(RESET).append('\n');
            lineStarts = true;
            return;
        }
        if (inFence) {
            shown.append(c);
            return;
        }
        if (c == '`') {
            flush(shown);
            inCode = !inCode;
            style(shown);
            return;
        }
        if (c == '*' && !inCode) {
            if (held.isEmpty()) {
                held.append(c);
            } else {
                held.setLength(0);
                isBold = !isBold;
                style(shown);
            }
            return;
        }
        flush(shown);
        shown.append(c);
    }

    private void flush(StringBuilder shown) {
        shown.append(held);
        held.setLength(0);
    }

    private void style(StringBuilder shown) {
        shown.append(RESET).append(isHeading || isBold ? "\u001b[1m" : "").append(isQuote ? "\u001b[2m" : "").append(inCode ? "\u001b[36m" : "");
    }
}
