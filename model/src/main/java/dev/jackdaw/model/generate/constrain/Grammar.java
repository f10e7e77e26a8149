package dev.jackdaw.model.generate.constrain;

import dev.jackdaw.model.Brief;
import java.util.Map;
import tools.jackson.core.JacksonException;

/// Rules by name, and the one that the whole text follows. Made from a regular expression, a GBNF file or a JSON Schema.
///
/// @param rules in the order they were read
public record Grammar(String root, Map<String, Form> rules) {
    public Grammar {
        if (!rules.containsKey(root)) {
            throw new IllegalArgumentException(Brief.text("grammar: there is no rule " + root + "; found " + (rules.isEmpty() ? "none" : rules.keySet())));
        }
        rules = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(rules));
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
}
