package dev.jackdaw.train.eval;

import dev.jackdaw.agent.sandbox.Language;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// From what a model wrote to the text of a program.
final class CodeText {
    private static final Pattern FENCE = Pattern.compile("(?ms)^[ \\t]*```[ \\t]*([A-Za-z0-9+#]*)[ \\t]*\\r?\\n(.*?)(?:^[ \\t]*```|\\z)");

    private CodeText() {
    }

    /// The solution: `begin` with its continuation, or, where the model wrote the whole of it, what it wrote.
    ///
    /// @param entryPoint name of the function; null: never taken as whole
    static String solution(Language language, String begin, String written, String entryPoint, Format format) {
        String code = format == Format.CHAT ? block(written, entryPoint) : written;
        boolean isWhole = entryPoint != null && (language == Language.PYTHON
                ? Pattern.compile("(?m)^(?:async )?def " + Pattern.quote(entryPoint) + "\\b").matcher(code).find()
                : Pattern.compile("\\b(?:class|record|interface|enum)\\s+\\w+[^{;]*\\{").matcher(code).find() && Pattern.compile("\\b" + Pattern.quote(entryPoint) + "\\s*\\(").matcher(code).find());
        if (isWhole && format == Format.CHAT) {
            return imports(begin, code, language) + code;
        }
        return language == Language.JAVA ? begin + untilClosed(begin, code) : begin + code;
    }

    /// A whole solution may rely on the imports that the question shows.
    private static String imports(String begin, String code, Language language) {
        Pattern line = Pattern.compile(language == Language.PYTHON ? "(?m)^(?:import|from) .*$" : "(?m)^import .*;");
        StringBuilder imports = new StringBuilder();
        line.matcher(begin).results().map(found -> found.group()).filter(found -> !code.contains(found)).forEach(found -> imports.append(found).append('\n'));
        return imports.toString();
    }

    /// The fenced block that defines the function, else the first one, else the whole text.
    static String block(String written, String entryPoint) {
        List<String> blocks = new ArrayList<>();
        Matcher matcher = FENCE.matcher(written);
        while (matcher.find()) {
            blocks.add(matcher.group(2));
        }
        return blocks.stream().filter(block -> entryPoint != null && block.contains(entryPoint)).findFirst().orElse(blocks.isEmpty() ? written : blocks.getFirst());
    }

    /// Of a continuation in Java, what goes up to the brace that closes the first class of `begin`; all of it if that never comes.
    static String untilClosed(String begin, String continuation) {
        String all = begin + continuation;
        int depth = 0;
        for (int i = 0; i < all.length(); i++) {
            char c = all.charAt(i);
            if (c == '/' && all.startsWith("//", i)) {
                i = end(all, "\n", i) - 1;
            } else if (c == '/' && all.startsWith("/*", i)) {
                i = end(all, "*/", i + 2) + 1;
            } else if (all.startsWith("\"\"\"", i)) {
                i = end(all, "\"\"\"", i + 3) + 2;
            } else if (c == '"' || c == '\'') {
                for (i++; i < all.length() && all.charAt(i) != c && all.charAt(i) != '\n'; i++) {
                    i += all.charAt(i) == '\\' ? 1 : 0;
                }
            } else if (c == '{') {
                depth++;
            } else if (c == '}' && --depth == 0 && i >= begin.length()) {
                return all.substring(begin.length(), i + 1) + "\n";
            }
        }
        return continuation;
    }

    private static int end(String text, String mark, int from) {
        int at = text.indexOf(mark, from);
        return at < 0 ? text.length() : at;
    }
}
