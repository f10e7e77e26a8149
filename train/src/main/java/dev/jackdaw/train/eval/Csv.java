package dev.jackdaw.train.eval;

import dev.jackdaw.train.data.DataException;
import java.util.ArrayList;
import java.util.List;

/// Comma-separated values (RFC 4180): quoted fields may hold commas, line ends and doubled quotes.
final class Csv {
    /// @param line where it begins, counted from 1
    record Entry(int line, List<String> fields) {
    }

    private Csv() {
    }

    /// @param name of the file, for messages
    static List<Entry> read(String name, String text) {
        List<Entry> entries = new ArrayList<>();
        List<String> fields = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        int line = 1, begin = 1, at = text.startsWith("\uFEFF") ? 1 : 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '"' && field.isEmpty()) {
                int opened = line;
                for (at++; ; at++) {
                    if (at >= text.length()) {
                        throw new DataException(name + ", line " + opened + ": a quoted field does not end");
                    }
                    c = text.charAt(at);
                    if (c == '"' && at + 1 < text.length() && text.charAt(at + 1) == '"') {
                        field.append('"');
                        at++;
                    } else if (c == '"') {
                        break;
                    } else {
                        line += c == '\n' ? 1 : 0;
                        field.append(c);
                    }
                }
                at++;
                if (at < text.length() && text.charAt(at) != ',' && text.charAt(at) != '\n' && text.charAt(at) != '\r') {
                    throw new DataException(name + ", line " + line + ": a quoted field is followed by " + text.charAt(at) + "; expected a comma or the end of the line");
                }
            } else if (c == ',') {
                fields.add(field.toString());
                field.setLength(0);
                at++;
                if (at == text.length()) {
                    fields.add("");
                }
            } else if (c == '\n' || c == '\r') {
                at += c == '\r' && at + 1 < text.length() && text.charAt(at + 1) == '\n' ? 2 : 1;
                end(entries, begin, fields, field);
                fields = new ArrayList<>();
                line++;
                begin = line;
            } else {
                field.append(c);
                at++;
            }
        }
        if (!fields.isEmpty() || !field.isEmpty()) {
            end(entries, begin, fields, field);
        }
        return entries;
    }

    private static void end(List<Entry> entries, int line, List<String> fields, StringBuilder field) {
        if (!fields.isEmpty() || !field.isEmpty()) {                  // an empty line is no entry
            fields.add(field.toString());
            entries.add(new Entry(line, fields));
        }
        field.setLength(0);
    }
}
