package dev.jackdaw.serve.feedback;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// How models decline, in English, German, French, Spanish, Italian, Portuguese, Chinese and Japanese. The list is the resource
/// `refusals.txt`, which says what a line of it is; users may add a file of the same form for their languages and models.
final class Refusals {
    private static final String RESOURCE = "refusals.txt", AFTER = "after ";
    private static final int FLAGS = Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE | Pattern.UNICODE_CHARACTER_CLASS;
    /// Where a refusal stands: later sentences are about something else.
    private static final int OPENING = 240;

    private final Pattern pattern;

    private Refusals(List<String> phrases, List<String> before) {
        pattern = Pattern.compile("(?:^|[.!?,;:\\n。！？，、；：] *|\\b(?:" + String.join("|", before) + ") )(?:" + String.join("|", phrases) + ")", FLAGS);
    }

    static Refusals standard() {
        return with(null);
    }

    /// @param more a file with further ones, or null
    /// @throws IllegalArgumentException if it cannot be read, or a line of it is no regular expression
    static Refusals with(Path more) {
        List<String> phrases = new ArrayList<>(), before = new ArrayList<>();
        try (InputStream in = Refusals.class.getResourceAsStream(RESOURCE)) {
            read(RESOURCE, new String(in.readAllBytes(), StandardCharsets.UTF_8), phrases, before);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (more != null) {
            try {
                read(more.toString(), Files.readString(more), phrases, before);
            } catch (IOException e) {
                throw new IllegalArgumentException("refusals: " + more + " cannot be read (" + e.getClass().getSimpleName() + "); give a text file in UTF-8 with a regular expression a line", e);
            }
        }
        return new Refusals(phrases, before);
    }

    private static void read(String name, String text, List<String> phrases, List<String> before) {
        int number = 0;
        for (String each : text.split("\\R")) {
            String line = each.strip();
            number++;
            if (line.isEmpty() || line.startsWith("#")) {
                continue;
            }
            boolean isBefore = line.startsWith(AFTER);
            String expression = "(?:" + (isBefore ? line.substring(AFTER.length()) : line) + ")";
            try {
                if (Pattern.compile(expression, FLAGS).matcher("").matches()) {
                    throw new IllegalArgumentException(name + ": line " + number + " fits every answer: " + line + "; write what a refusal says");
                }
            } catch (PatternSyntaxException e) {
                throw new IllegalArgumentException(name + ": line " + number + " is no regular expression: " + e.getDescription() + " in " + line
                        + "; write plain words, and a backslash before each of ( ) [ ] { } . * + ? | ^ $ that stands for itself", e);
            }
            (isBefore ? before : phrases).add(expression);
        }
    }

    /// Does the text begin with a refusal?
    boolean begins(String text) {
        String opening = text.strip().replace('’', '\'');
        return pattern.matcher(opening.substring(0, Math.min(opening.length(), OPENING))).find();
    }
}
