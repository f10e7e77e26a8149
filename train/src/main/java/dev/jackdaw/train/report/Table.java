package dev.jackdaw.train.report;

import java.util.ArrayList;
import java.util.List;

/// A small table of texts, for the page and for Markdown. A column whose cells all start with a digit (or are a dash) is a column of numbers
/// and stands at the right.
///
/// @param strong index of a row to stress, or -1
public record Table(List<String> head, List<List<String>> rows, int strong) {
    public static Table of(String... head) {
        return new Table(List.of(head), new ArrayList<>(), -1);
    }

    public Table row(String... cells) {
        if (cells.length != head.size()) {
            throw new IllegalArgumentException("table: a row of " + cells.length + " cells below " + head.size() + " headings");
        }
        rows.add(List.of(cells));
        return this;
    }

    public Table stress(int row) {
        return new Table(head, rows, row);
    }

    public String html() {
        StringBuilder out = new StringBuilder("<div class=\"scroll\"><table>\n<thead><tr>");
        for (int c = 0; c < head.size(); c++) {
            out.append("<th").append(isNumeric(c) ? " class=\"number\"" : "").append('>').append(Markup.html(head.get(c))).append("</th>");
        }
        out.append("</tr></thead>\n<tbody>\n");
        for (int r = 0; r < rows.size(); r++) {
            out.append(r == strong ? "<tr class=\"strong\">" : "<tr>");
            for (int c = 0; c < head.size(); c++) {
                out.append("<td").append(isNumeric(c) ? " class=\"number\"" : "").append('>').append(Markup.html(rows.get(r).get(c))).append("</td>");
            }
            out.append("</tr>\n");
        }
        return out.append("</tbody></table></div>\n").toString();
    }

    public String markdown() {
        StringBuilder out = new StringBuilder("|");
        head.forEach(h -> out.append(' ').append(Markup.markdown(h)).append(" |"));
        out.append("\n|");
        for (int c = 0; c < head.size(); c++) {
            out.append(isNumeric(c) ? "---:|" : "---|");
        }
        out.append('\n');
        for (int r = 0; r < rows.size(); r++) {
            String stress = r == strong ? "**" : "";
            out.append('|');
            rows.get(r).forEach(cell -> out.append(' ').append(stress).append(Markup.markdown(cell)).append(stress).append(" |"));
            out.append('\n');
        }
        return out.toString();
    }

    private boolean isNumeric(int column) {
        return column > 0 && !rows.isEmpty() && rows.stream().map(r -> r.get(column))
                .allMatch(cell -> cell.equals("–") || !cell.isEmpty() && "+-−0123456789".indexOf(cell.charAt(0)) >= 0);
    }
}
