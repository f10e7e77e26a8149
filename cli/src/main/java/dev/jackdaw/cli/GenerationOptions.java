package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.constrain.Grammar;
import dev.jackdaw.model.generate.constrain.GrammarConstraint;
import dev.jackdaw.model.generate.constrain.TokenTrie;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/// Where a text ends, what it may be, and what happens to a long prompt; for `run` and `chat`.
final class GenerationOptions {
    @Option(names = "--stop", order = 30, paramLabel = "TEXT", description = "End the text where this would appear; may be given several times.", showDefaultValue = Visibility.NEVER)
    private List<String> stop = List.of();

    @Option(names = "--regex", order = 31, paramLabel = "R", description = "The text must match this regular expression as a whole.", showDefaultValue = Visibility.NEVER)
    private String regex;

    @Option(names = "--grammar", order = 32, paramLabel = "FILE", description = "The text must follow the rule root of this GBNF grammar.", showDefaultValue = Visibility.NEVER)
    private Path grammar;

    @Option(names = "--json-schema", order = 33, paramLabel = "FILE", description = "The text must be JSON that this schema accepts.", showDefaultValue = Visibility.NEVER)
    private Path schema;

    @Option(names = "--logprobs", order = 34, paramLabel = "N", description = "With --json: the log-probability of each token, and of the N likeliest.", showDefaultValue = Visibility.NEVER)
    private Integer logprobs;

    @Option(names = "--overflow", order = 35, paramLabel = "POLICY", defaultValue = "refuse",
            description = "What happens to a prompt that leaves no room: refuse, trim-start or trim-middle. What is dropped is said.")
    private String overflow;

    List<String> stop() {
        return stop;
    }

    int topLogprobs() {
        return logprobs == null ? -1 : logprobs;
    }

    Overflow overflow() {
        return Overflow.valueOf(overflow.toUpperCase(Locale.ROOT).replace('-', '_'));
    }

    boolean isConstrained() {
        return regex != null || grammar != null || schema != null;
    }

    void check(CommonOptions common) {
        if ((regex == null ? 0 : 1) + (grammar == null ? 0 : 1) + (schema == null ? 0 : 1) > 1) {
            throw common.wrong("give one of --regex, --grammar and --json-schema");
        }
        if (logprobs != null && (logprobs < 0 || logprobs > 100)) {
            throw common.wrong("--logprobs " + logprobs + ": give a number from 0 to 100");
        }
        if (stop.contains("")) {
            throw common.wrong("--stop: an empty text would end everything at once");
        }
        if (!List.of("refuse", "trim-start", "trim-middle").contains(overflow)) {
            throw common.wrong("--overflow " + overflow + ": give refuse, trim-start or trim-middle");
        }
    }

    /// The grammar for a text of this model, or null.
    GrammarConstraint constraint(Model model) throws IOException {
        if (!isConstrained()) {
            return null;
        }
        Grammar rules = regex != null ? Grammar.ofRegex(regex) : grammar != null ? Grammar.ofGbnf(Files.readString(grammar)) : Grammar.ofJsonSchema(Files.readString(schema));
        return new GrammarConstraint(rules, TokenTrie.of(model.tokenizer()));
    }
}
