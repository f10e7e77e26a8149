package dev.jackdaw.model.generate.constrain;

import dev.jackdaw.model.Brief;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.core.JacksonException;

/// Rules by name, and the one that the whole text follows. Made from a regular expression, a GBNF file or a JSON Schema, or put together
/// from others: a text with JSON inside is a [#sequence] of an [#ofText] and an [#ofJsonSchema].
///
/// @param rules in the order they were read
public record Grammar(String root, Map<String, Form> rules) {
    public Grammar {
        if (!rules.containsKey(root)) {
            throw new IllegalArgumentException(Brief.text("grammar: there is no rule " + root + "; found " + (rules.isEmpty() ? "none" : rules.keySet())));
        }
        rules = Collections.unmodifiableMap(new LinkedHashMap<>(rules));
    }

    /// The text is one that `java.util.regex` matches as a whole. What no automaton can do (look-around, back references) is refused.
    public static Grammar ofRegex(String regex) {
        return new Grammar("root", Map.of("root", RegexParser.parse(regex, true)));
    }

    /// Reads rules `name ::= …` as llama.cpp writes them (GBNF); the text follows `root`.
    public static Grammar ofGbnf(String source) {
        return GbnfParser.parse(source);
    }

    /// The text is JSON that a JSON Schema accepts. A keyword that is not supported is refused by name.
    public static Grammar ofJsonSchema(String schema) {
        try {
            return new JsonSchemaCompiler(schema).grammar();
        } catch (JacksonException e) {                               // a number too large, a list where a text must be
            throw new IllegalArgumentException("JSON schema: " + Brief.text(e.getOriginalMessage()), e);
        }
    }

    /// The text is this one.
    public static Grammar ofText(String text) {
        return of(Form.literal(text));
    }

    /// The text is one token, special or not, that goes by this name; where the vocabulary has none, the characters of the name.
    public static Grammar ofToken(String name) {
        return of(new Form.Mark(name));
    }

    /// One text after the other.
    public static Grammar sequence(Grammar... parts) {
        return together(List.of(parts), Form.Sequence::new);
    }

    /// A text of one of them.
    public static Grammar choice(List<Grammar> options) {
        return together(options, Form.Choice::new);
    }

    /// Texts of this grammar in a row.
    ///
    /// @param max -1: any number
    public Grammar repeated(int min, int max) {
        return together(List.of(this), once -> Form.repeat(once.getFirst(), min, max));
    }

    private static Grammar of(Form form) {
        return new Grammar("root", Map.of("root", form));
    }

    /// Rules keep their names behind the number of their grammar, so they do not meet.
    private static Grammar together(List<Grammar> parts, Function<List<Form>, Form> join) {
        Map<String, Form> all = new LinkedHashMap<>();
        List<Form> roots = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            String prefix = i + ".";
            parts.get(i).rules.forEach((name, form) -> all.put(prefix + name, renamed(form, prefix)));
            roots.add(new Form.Reference(prefix + parts.get(i).root));
        }
        all.put("root", join.apply(roots));
        return new Grammar("root", all);
    }

    private static Form renamed(Form form, String prefix) {
        return switch (form) {
            case Form.Chars chars -> chars;
            case Form.Mark mark -> mark;
            case Form.Sequence(List<Form> parts) -> new Form.Sequence(parts.stream().map(part -> renamed(part, prefix)).toList());
            case Form.Choice(List<Form> options) -> new Form.Choice(options.stream().map(option -> renamed(option, prefix)).toList());
            case Form.Repeat(Form once, int min, int max) -> new Form.Repeat(renamed(once, prefix), min, max);
            case Form.Reference(String rule) -> new Form.Reference(prefix + rule);
        };
    }
}
