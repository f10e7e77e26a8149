package dev.jackdaw.cli;

import dev.jackdaw.model.generate.Dry;
import dev.jackdaw.model.generate.Mirostat;
import dev.jackdaw.model.generate.Penalties;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.token.Tokenizer;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/// How tokens are chosen, for `run`, `dream` and `chat`. The steps run in the order that [Sampling] gives, whatever the order of the options.
final class SamplingOptions {
    @Option(names = "--greedy", order = 50, description = "Always the likeliest token.", showDefaultValue = Visibility.NEVER)
    private boolean greedy;

    @Option(names = "--temperature", order = 51, paramLabel = "X", defaultValue = "0.8", description = "Below 1 bolder choices become rarer, above 1 more frequent; 0 is --greedy.")
    private double temperature;

    @Option(names = "--top-k", order = 52, paramLabel = "N", defaultValue = "0", description = "Choose among the N likeliest; 0: all.")
    private int topK;

    @Option(names = "--top-p", order = 53, paramLabel = "P", defaultValue = "1", description = "Choose among the likeliest that together reach probability P.")
    private double topP;

    @Option(names = "--min-p", order = 54, paramLabel = "P", defaultValue = "0", description = "Leave out tokens less likely than P times the likeliest.")
    private double minP;

    @Option(names = "--typical", order = 55, paramLabel = "P", defaultValue = "1", description = "Choose among tokens of typical surprise that together reach probability P.")
    private double typical;

    @Option(names = "--xtc-probability", order = 56, paramLabel = "P", defaultValue = "0", description = "How often all top choices but the last are excluded.")
    private double xtcProbability;

    @Option(names = "--xtc-threshold", order = 57, paramLabel = "P", defaultValue = "0.1", description = "How likely a top choice is, for XTC.")
    private double xtcThreshold;

    @Option(names = "--repetition-penalty", order = 58, paramLabel = "X", defaultValue = "1", description = "Above 1: makes tokens that occurred less likely.")
    private double repetition;

    @Option(names = "--presence-penalty", order = 59, paramLabel = "X", defaultValue = "0", description = "Taken from the logits of tokens that occurred.")
    private double presence;

    @Option(names = "--frequency-penalty", order = 60, paramLabel = "X", defaultValue = "0", description = "The same, for each time they occurred.")
    private double frequency;

    @Option(names = "--penalty-window", order = 61, paramLabel = "N", defaultValue = "64", description = "How many of the last tokens the penalties look at; -1: all.")
    private int window;

    @Option(names = "--dry-multiplier", order = 62, paramLabel = "X", defaultValue = "0", description = "Punishes what would repeat a whole stretch (DRY); 0: off.")
    private double dryMultiplier;

    @Option(names = "--dry-base", order = 63, paramLabel = "X", defaultValue = "1.75", description = "How the DRY penalty grows with the length of the stretch.")
    private double dryBase;

    @Option(names = "--dry-allowed-length", order = 64, paramLabel = "N", defaultValue = "2", description = "Stretches shorter than this may repeat.")
    private int dryAllowed;

    @Option(names = "--dry-window", order = 65, paramLabel = "N", defaultValue = "-1", description = "How many of the last tokens DRY looks at; -1: all.")
    private int dryWindow;

    @Option(names = "--dry-breaker", order = 66, paramLabel = "TEXT", description = "What ends a stretch; may be given several times. Default: line end, colon, quote, star.", showDefaultValue = Visibility.NEVER)
    private List<String> dryBreakers;

    @Option(names = "--mirostat", order = 67, paramLabel = "V", defaultValue = "0", description = "1 or 2: steer the surprise of the text instead of cutting the tail; 0: off.")
    private int mirostat;

    @Option(names = "--mirostat-tau", order = 68, paramLabel = "BITS", defaultValue = "5", description = "The surprise that mirostat aims at.")
    private double tau;

    @Option(names = "--mirostat-eta", order = 69, paramLabel = "X", defaultValue = "0.1", description = "How fast mirostat steers.")
    private double eta;

    @Option(names = "--logit-bias", order = 70, paramLabel = "TOKEN=X", description = "Added to the logit of a token, an id or its text; -inf forbids it. May be given several times.", showDefaultValue = Visibility.NEVER)
    private List<String> logitBias = List.of();

    /// @param tokenizer or null; then tokens can only be named by their ids
    Sampling sampling(CommonOptions common, Tokenizer tokenizer) {
        try {
            return new Sampling(greedy ? 0 : temperature, topK, typical, topP, minP, xtcProbability, xtcThreshold, new Penalties(repetition, frequency, presence, window),
                    new Dry(dryMultiplier, dryBase, dryAllowed, dryWindow, dryMultiplier == 0 || tokenizer == null ? Set.of() : breakers(tokenizer)),
                    new Mirostat(mirostat, tau, eta), bias(common, tokenizer), common.seed(System.nanoTime()));
        } catch (IllegalArgumentException e) {
            throw common.wrong(e.getMessage());
        }
    }

    /// Wrong numbers are an error of usage before a model is opened.
    void check(CommonOptions common) {
        List<String> biases = logitBias;
        logitBias = List.of();
        sampling(common, null);
        logitBias = biases;
    }

    private Set<Integer> breakers(Tokenizer tokenizer) {
        List<String> texts = dryBreakers == null ? Dry.BREAKERS : dryBreakers;
        Set<Integer> ids = new HashSet<>();
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            String piece = tokenizer.decode(id);
            if (tokenizer.isSpecial(id) || texts.stream().anyMatch(piece::contains)) {
                ids.add(id);
            }
        }
        return ids;
    }

    private Map<Integer, Float> bias(CommonOptions common, Tokenizer tokenizer) {
        Map<Integer, Float> biases = new HashMap<>();
        for (String entry : logitBias) {
            int cut = entry.lastIndexOf('=');
            String name = cut < 0 ? "" : entry.substring(0, cut), value = cut < 0 ? "" : entry.substring(cut + 1).trim();
            float bias;
            int id;
            try {
                bias = value.equals("-inf") ? Float.NEGATIVE_INFINITY : Float.parseFloat(value);
                id = name.matches("\\d{1,9}") ? Integer.parseInt(name) : named(name, tokenizer);
            } catch (NumberFormatException e) {
                bias = Float.NaN;
                id = -1;
            }
            if (id < 0 || Float.isNaN(bias)) {
                throw common.wrong("--logit-bias " + entry + ": expected TOKEN=X, where TOKEN is an id or the text of one token");
            }
            biases.put(id, bias);
        }
        return biases;
    }

    private static int named(String text, Tokenizer tokenizer) {
        if (tokenizer == null || text.isEmpty()) {
            return -1;
        }
        OptionalInt special = tokenizer.id(text);
        int[] ids = special.isPresent() ? new int[] {special.getAsInt()} : tokenizer.encode(text, false, false);
        return ids.length == 1 ? ids[0] : -1;
    }
}
