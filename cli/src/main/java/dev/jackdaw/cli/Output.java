package dev.jackdaw.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// Where a command's words go. Results go to standard output: as text, or with `--json` as JSON and nothing else. Progress and
/// remarks go to standard error. Colour appears only on a terminal, and not when `NO_COLOR` is set.
final class Output {
    /// Whoever read our standard output has closed it (`| head`): stop quietly.
    static final class ReaderLeft extends RuntimeException {
        ReaderLeft() {
            super("standard output was closed", null, false, false);
        }
    }

    private final PrintWriter out;
    private final PrintWriter err;
    private final boolean json;
    private final boolean colour;

    Output(PrintWriter out, PrintWriter err, boolean json) {
        this(out, err, json, isTerminal(1) && System.getenv("NO_COLOR") == null);
    }

    Output(PrintWriter out, PrintWriter err, boolean json, boolean colour) {
        this.out = out;
        this.err = err;
        this.json = json;
        this.colour = colour;
    }

    /// May text carry colours?
    boolean colours() {
        return colour && !json;
    }

    boolean isJson() {
        return json;
    }

    /// One line of the result for people; silent with `--json`.
    void line(String text) {
        if (!json) {
            out.println(text);
            flush();
        }
    }

    /// Formats like [String#format], with a dot for decimals everywhere.
    void line(String format, Object... arguments) {
        line(String.format(Locale.ROOT, format, arguments));
    }

    /// A piece of text as it comes into being, without an end of line; silent with `--json`.
    void text(String piece) {
        if (!json) {
            out.print(piece);
            flush();
        }
    }

    /// The result for programs: one line of JSON; silent without `--json`.
    void json(Object value) {
        if (json) {
            jsonLine(value);
        }
    }

    /// One line of JSON in either mode, for commands whose output is JSON lines anyway.
    void jsonLine(Object value) {
        out.println(Json.write(value));
        flush();
    }

    /// A remark beside the result.
    void note(String text) {
        err.println(text);
        err.flush();
    }

    void note(String format, Object... arguments) {
        note(String.format(Locale.ROOT, format, arguments));
    }

    /// A bar that shows only the share that is done.
    ProgressBar progress(String label) {
        return progress(label, 1_000_000, "");
    }

    ProgressBar progress(String label, long total, String unit) {
        return new ProgressBar(err, isTerminal(2), label, total, unit);
    }

    /// Columns padded to their widest cell; cells that look like numbers stand to the right.
    void table(List<String> head, List<List<String>> rows) {
        if (json) {
            return;
        }
        int[] widths = new int[head.size()];
        for (int c = 0; c < widths.length; c++) {
            widths[c] = head.get(c).length();
            for (List<String> row : rows) {
                widths[c] = Math.max(widths[c], row.get(c).length());
            }
        }
        line(bold(tableRow(head, widths)));
        for (List<String> row : rows) {
            line(tableRow(row, widths));
        }
    }

    private static String tableRow(List<String> cells, int[] widths) {
        var row = new StringBuilder();
        for (int c = 0; c < widths.length; c++) {
            String cell = cells.get(c);
            String pad = " ".repeat(widths[c] - cell.length());
            boolean isNumber = !cell.isEmpty() && (Character.isDigit(cell.charAt(0)) || cell.charAt(0) == '-' && cell.length() > 1);
            row.append(c == 0 ? "" : "  ").append(isNumber ? pad + cell : cell + pad);
        }
        return row.toString().stripTrailing();
    }

    String bold(String text) {
        return style("1", text);
    }

    String dim(String text) {
        return style("2", text);
    }

    String good(String text) {
        return style("32", text);
    }

    String warning(String text) {
        return style("33", text);
    }

    String bad(String text) {
        return style("31", text);
    }

    private String style(String code, String text) {
        return colour ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }

    private void flush() {
        if (out.checkError()) {
            throw new ReaderLeft();
        }
    }

    /// Whether file descriptor 0 (standard input), 1 (output) or 2 (error) is a terminal. The launcher says so in the property
    /// `jackdaw.terminal`; without a launcher, Linux shows what the descriptor points to.
    static boolean isTerminal(int descriptor) {
        String told = System.getProperty("jackdaw.terminal");
        if (told != null) {
            return told.contains(Integer.toString(descriptor));
        }
        try {
            String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
            return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty") || target.equals("/dev/console");
        } catch (java.io.IOException | RuntimeException e) {
            return false;
        }
    }
}
