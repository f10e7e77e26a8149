package dev.jackdaw.serve.http;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/// One line of JSON for each entry of the log, on standard error: `time`, `level`, `logger`, `message`, and the fields of messages that are
/// written `name=value name=value`.
public final class LogLines extends Formatter {
    private static final String FIELDS = "(\\w+=\\S*)( \\w+=\\S*)*";

    /// Takes the place of what Java logs with; libraries say only what is wrong.
    public static void install() {
        Logger root = Logger.getLogger("");
        for (Handler handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        ConsoleHandler handler = new ConsoleHandler();
        handler.setFormatter(new LogLines());
        handler.setLevel(Level.ALL);
        root.addHandler(handler);
        root.setLevel(Level.WARNING);
        KEPT = new Logger[] {Logger.getLogger("dev.jackdaw")};
        KEPT[0].setLevel(Level.INFO);
    }

    private static Logger[] KEPT;             // or the collector takes it, with its level

    @Override
    public String format(LogRecord entry) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("time", Instant.ofEpochMilli(entry.getMillis()).toString());
        line.put("level", entry.getLevel().getName());
        line.put("logger", entry.getLoggerName());
        String message = formatMessage(entry);
        if (message != null && message.matches(FIELDS)) {
            for (String field : message.split(" ")) {
                String value = field.substring(field.indexOf('=') + 1);
                line.put(field.substring(0, field.indexOf('=')), value.matches("\\d{1,15}") ? (Object) Long.valueOf(value) : value.matches("\\d{1,15}\\.\\d{1,9}") ? (Object) Double.valueOf(value) : value);
            }
        } else {
            line.put("message", message);
        }
        if (entry.getThrown() != null) {
            StringWriter trace = new StringWriter();
            entry.getThrown().printStackTrace(new PrintWriter(trace));
            line.put("trace", trace.toString());
        }
        return Json.text(line) + "\n";
    }
}
