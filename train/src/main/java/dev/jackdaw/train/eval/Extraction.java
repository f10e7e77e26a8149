package dev.jackdaw.train.eval;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// From what a model wrote to an answer that can be compared: rules tried in their order until one finds something, then steps that make
/// equal what means the same.
///
/// @param rules none: the whole text
/// @param steps names out of [#STEPS]
record Extraction(List<Rule> rules, List<String> steps) {
    static final List<String> STEPS = List.of("strip", "lower", "spaces", "commas", "units", "period", "punctuation", "articles", "number");
    private static final Pattern NUMBER = Pattern.compile("-?\\$?(?:\\d{1,3}(?:,\\d{3})+|\\d+)?(?:\\.\\d+)?");
    private static final Pattern PLAIN = Pattern.compile("[-+]?\\d*\\.?\\d+(?:[eE][-+]?\\d+)?");

    sealed interface Rule {
        Optional<String> find(String text);
    }

    /// The rest of the line after the last occurrence of `mark`.
    record After(String mark) implements Rule {
        @Override
        public Optional<String> find(String text) {
            int at = text.lastIndexOf(mark);
            return at < 0 ? Optional.empty() : nonEmpty(text.substring(at + mark.length()).strip().lines().findFirst().orElse(""));
        }
    }

    /// @param group of the expression; 0: all of it
    /// @param last  the last place where it fits, not the first
    record Regex(Pattern pattern, int group, boolean last) implements Rule {
        @Override
        public Optional<String> find(String text) {
            Matcher matcher = pattern.matcher(text);
            String found = null;
            while (matcher.find() && (found == null || last)) {
                found = matcher.group(group);
            }
            return Optional.ofNullable(found).flatMap(Extraction::nonEmpty);
        }
    }

    /// A number as people write them: `-1,234.5`, `$3`.
    record Number(boolean last) implements Rule {
        @Override
        public Optional<String> find(String text) {
            Matcher matcher = NUMBER.matcher(text);
            String found = null;
            while (matcher.find() && (found == null || last)) {
                found = matcher.group().chars().anyMatch(Character::isDigit) ? matcher.group() : found;
            }
            return Optional.ofNullable(found);
        }
    }

    record Line(boolean last) implements Rule {
        @Override
        public Optional<String> find(String text) {
            List<String> lines = text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
            return lines.isEmpty() ? Optional.empty() : Optional.of(last ? lines.getLast() : lines.getFirst());
        }
    }

    private static Optional<String> nonEmpty(String text) {
        return text.isBlank() ? Optional.empty() : Optional.of(text.strip());
    }

    /// The answer in a text; empty if no rule finds one.
    Optional<String> find(String text) {
        if (rules.isEmpty()) {
            return nonEmpty(text).map(this::normal);
        }
        return rules.stream().map(rule -> rule.find(text)).flatMap(Optional::stream).findFirst().map(this::normal);
    }

    /// What a text is compared as.
    String normal(String text) {
        String s = text;
        for (String step : steps) {
            s = switch (step) {
                case "lower" -> s.toLowerCase(java.util.Locale.ROOT);
                case "spaces" -> s.strip().replaceAll("\\s+", " ");
                case "commas" -> s.replaceAll("(?<=\\d),(?=\\d{3})", "");
                case "units" -> s.replaceAll("[$€£%]", "");
                case "period" -> s.strip().replaceFirst("\\.+$", "");
                case "punctuation" -> s.replaceAll("\\p{Punct}", "");
                case "articles" -> s.replaceAll("(?i)\\b(a|an|the)\\b", " ").strip().replaceAll("\\s+", " ");
                case "number" -> number(s);
                default -> s.strip();
            };
        }
        return s;
    }

    /// `18.0` and `18` are the same number.
    private static String number(String text) {
        String s = text.strip();
        if (!PLAIN.matcher(s).matches() || s.length() > 40) {
            return s;
        }
        BigDecimal number = new BigDecimal(s);
        return Math.abs(number.scale()) > 60 ? s : number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
    }
}
