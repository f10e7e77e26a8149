package dev.jackdaw.model.chat.jinja;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// A Jinja template, read once and rendered any number of times, from any thread. The language is the part of Jinja 3.1 that chat
/// templates use (the Jinja template designer documentation is the specification), with `break` and `continue`, and the functions
/// `raise_exception`, `strftime_now`, `namespace`, `range`, `dict`, `cycler` left out.
///
/// A template sees the values it is given and nothing else: no files, no Java, no environment but the date.
public final class Template {
    private static final int MOST_RANGE = 100_000;

    /// A rendered text.
    ///
    /// @param answers what a model writes itself, where the template marks it by `{% generation %}`: from, to, … in UTF-16 positions; null
    ///                if it does not
    public record Rendering(Text text, int[] answers) {
    }

    private final List<Statement> statements;
    private final boolean marksAnswers;
    private final Limits limits;
    private final Clock clock;
    private final boolean isStrict;

    private Template(Parser.Parsed parsed, Limits limits, Clock clock, boolean isStrict) {
        statements = parsed.statements();
        marksAnswers = parsed.marksAnswers();
        this.limits = limits;
        this.clock = clock;
        this.isStrict = isStrict;
    }

    public static Template of(String source) {
        return of(source, Limits.DEFAULT, Clock.systemDefaultZone());
    }

    /// @param clock what `strftime_now` reads
    public static Template of(String source, Limits limits, Clock clock) {
        try {
            return new Template(Parser.parse(source), limits, clock, false);
        } catch (StackOverflowError e) {
            throw new TemplateException(1, "nested too deep for the stack of this thread");
        }
    }

    /// The same template, for which writing something undefined is an error, and not an empty text as chat templates expect it.
    public Template strict() {
        return new Template(new Parser.Parsed(statements, marksAnswers), limits, clock, true);
    }

    /// Renders with variables that the caller vouches for (`trusted`) and variables from outside (`foreign`); see [Text] for the
    /// difference. Values are null, strings, booleans, numbers, lists and maps.
    ///
    /// @throws TemplateException if the template raises one, computes nonsense or exceeds its limits; it names the line
    public Text render(Map<String, ?> trusted, Map<String, ?> foreign) {
        return rendering(trusted, foreign).text();
    }

    /// As [#render], and which part of it is a model's to write.
    public Rendering rendering(Map<String, ?> trusted, Map<String, ?> foreign) {
        Map<String, Value> variables = new LinkedHashMap<>();
        long size = 0;
        Budget budget;
        try {
            functions(variables);
            for (Map.Entry<String, ?> entry : trusted.entrySet()) {
                variables.put(entry.getKey(), Value.of(entry.getValue(), false));
            }
            for (Map.Entry<String, ?> entry : foreign.entrySet()) {
                Value value = Value.of(entry.getValue(), true);
                size += Value.size(value);
                variables.put(entry.getKey(), value);
            }
            budget = new Budget(limits, size);
        } catch (Problem problem) {
            throw new TemplateException(1, "the values given to the template: " + problem.getMessage());
        }
        Interpreter interpreter = new Interpreter(budget, isStrict);
        Text text = interpreter.render(statements, variables);
        return new Rendering(text, marksAnswers ? interpreter.answers() : null);
    }

    private void functions(Map<String, Value> variables) {
        function(variables, "raise_exception", arguments -> {
            throw new Problem(arguments.count() == 0 ? "the template raised an exception" : PythonText.str(arguments.at(0), new Budget(limits, 0)).chars());
        });
        function(variables, "strftime_now", arguments -> Text.of(date(arguments.text(0, "format").chars())));
        function(variables, "namespace", arguments -> {
            Map<String, Value> fields = new LinkedHashMap<>();
            if (arguments.count() > 0) {
                Operators.mapping(arguments.at(0), "namespace").entries().forEach((key, value) -> fields.put(Operators.text(key, "a field").chars(), value));
            }
            fields.putAll(arguments.named());
            return new Value.Namespace(fields);
        });
        function(variables, "dict", arguments -> {
            Map<Value, Value> entries = new LinkedHashMap<>();
            if (arguments.count() > 0) {
                entries.putAll(Operators.mapping(arguments.at(0), "dict").entries());
            }
            arguments.named().forEach((name, value) -> entries.put(Text.of(name), value));
            return Value.Mapping.of(entries);
        });
        function(variables, "range", Template::range);
    }

    private static void function(Map<String, Value> variables, String name, Value.Function.Body body) {
        variables.put(name, new Value.Function(name, body));
    }

    private static Value range(Arguments arguments) {
        long first = Operators.whole(arguments.need(0, "stop"), "range");
        long from = arguments.count() > 1 ? first : 0, to = arguments.count() > 1 ? arguments.whole(1, "stop", 0) : first, step = arguments.whole(2, "step", 1);
        if (step == 0) {
            throw new Problem("range: the step is 0");
        }
        double count = Math.ceil(((double) to - from) / step);
        if (count > MOST_RANGE) {
            throw new Problem("range: more than " + MOST_RANGE + " numbers");
        }
        List<Value> items = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            items.add(new Value.Int(from + i * step));
        }
        return Value.Sequence.of(items);
    }

    /// The directives of `strftime` that dates in prompts use, in English.
    private String date(String format) {
        ZonedDateTime now = ZonedDateTime.now(clock);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(c);
                continue;
            }
            char directive = format.charAt(++i);
            boolean unpadded = directive == '-' && i + 1 < format.length();
            String part = directive(unpadded ? format.charAt(++i) : directive, now);
            out.append(unpadded && part.length() > 1 && part.startsWith("0") ? part.substring(1) : part);
        }
        return out.toString();
    }

    private static String directive(char directive, ZonedDateTime now) {
        return switch (directive) {
            case 'Y' -> Integer.toString(now.getYear());
            case 'y' -> two(now.getYear() % 100);
            case 'm' -> two(now.getMonthValue());
            case 'd' -> two(now.getDayOfMonth());
            case 'e' -> String.format("%2d", now.getDayOfMonth());
            case 'j' -> String.format("%03d", now.getDayOfYear());
            case 'B' -> now.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'b', 'h' -> now.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'A' -> now.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'a' -> now.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'H' -> two(now.getHour());
            case 'I' -> two((now.getHour() + 11) % 12 + 1);
            case 'M' -> two(now.getMinute());
            case 'S' -> two(now.getSecond());
            case 'p' -> now.getHour() < 12 ? "AM" : "PM";
            case 'Z' -> now.getZone().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'z' -> now.getOffset().getId().equals("Z") ? "+0000" : now.getOffset().getId().replace(":", "");
            case 'F' -> now.getYear() + "-" + two(now.getMonthValue()) + "-" + two(now.getDayOfMonth());
            case 'T' -> two(now.getHour()) + ":" + two(now.getMinute()) + ":" + two(now.getSecond());
            case '%' -> "%";
            default -> throw new Problem("strftime_now: %" + directive + " is not supported");
        };
    }

    private static String two(int n) {
        return String.format("%02d", n);
    }
}
