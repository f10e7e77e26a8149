package dev.jackdaw.train.scale;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// A law as it was fitted to the runs of one recipe on one text: `law.json`. A small file of numbers; nothing in it is a clock value.
///
/// @param law        in nats per token of its tokenizer
/// @param counting   what `N` counts
/// @param recipe     how the models were trained
/// @param text       what they learned from and were measured on
/// @param range      what was trained; beyond it the law extrapolates
/// @param bestSize   parameters that are best for so many operations, by the parabolas; null where the budgets show no valleys
/// @param residual   of one model, relative
/// @param confidence of the intervals
/// @param intervals  by the name of the number
/// @param draws      E, A, alpha, B, beta and a residual of log L for each draw of the bootstrap, for intervals of predictions
/// @param command    that made it
/// @param version    of the program
public record FittedLaw(ScalingLaw law, Counting counting, Recipe recipe, Text text, Range range, IsoFlop.PowerLaw bestSize, double residual, double confidence,
                        Map<String, Interval> intervals, List<double[]> draws, String command, String version) {
    /// @param vocabulary    of the tokenizer
    /// @param context       tokens in a sequence
    /// @param tokensPerStep in a step of the optimizer
    public record Recipe(int vocabulary, int context, int tokensPerStep) {
    }

    /// @param sources       as given: `jdk`, folders, files
    /// @param tokenizer     its fingerprint
    /// @param train         fingerprint of the tokens learned from
    /// @param heldOut       fingerprint of the tokens measured on
    /// @param heldOutTokens how many of these, from the beginning
    /// @param bytesPerToken of the held-out text
    public record Text(List<String> sources, String tokenizer, String train, String heldOut, long heldOutTokens, double bytesPerToken) {
        public double bitsPerByte(double natsPerToken) {
            return natsPerToken / Math.log(2) / bytesPerToken;
        }
    }

    /// Smallest and largest of what was trained.
    public record Range(int models, double leastParameters, double mostParameters, double leastTokens, double mostTokens, double leastOperations, double mostOperations) {
    }

    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
    private static final String BUILT_IN = "jdk.law.json";
    private static final int KEPT_DRAWS = 100;

    /// What is kept of a fit.
    public static FittedLaw of(LawFit fit, Counting counting, Recipe recipe, Text text, Range range, IsoFlop.PowerLaw bestSize, double confidence, String command, String version) {
        List<double[]> draws = IntStream.range(0, Math.min(KEPT_DRAWS, fit.draws().size())).mapToObj(k -> {
            ScalingLaw d = fit.draws().get(k);
            return new double[] {rounded(d.E()), rounded(d.A()), rounded(d.alpha()), rounded(d.B()), rounded(d.beta()), rounded(fit.errors()[k])};
        }).toList();
        return new FittedLaw(fit.law(), counting, recipe, text, range, bestSize, fit.residual(), confidence, intervals(fit, confidence), draws, command, version);
    }

    /// Of the five numbers, and of the exponent of the best size, by name.
    public static Map<String, Interval> intervals(LawFit fit, double confidence) {
        Map<String, Interval> intervals = new LinkedHashMap<>();
        intervals.put("E", rounded(fit.interval(ScalingLaw::E, confidence)));
        intervals.put("A", rounded(fit.interval(ScalingLaw::A, confidence)));
        intervals.put("alpha", rounded(fit.interval(ScalingLaw::alpha, confidence)));
        intervals.put("B", rounded(fit.interval(ScalingLaw::B, confidence)));
        intervals.put("beta", rounded(fit.interval(ScalingLaw::beta, confidence)));
        intervals.put("optimalExponent", rounded(fit.interval(ScalingLaw::optimalExponent, confidence)));
        return intervals;
    }

    /// Six digits are plenty.
    private static double rounded(double value) {
        return value == 0 || !Double.isFinite(value) ? value : new java.math.BigDecimal(value).round(new java.math.MathContext(6)).doubleValue();
    }

    private static Interval rounded(Interval interval) {
        return new Interval(rounded(interval.low()), rounded(interval.high()));
    }

    /// The law of our own sweep over the JDK's sources, where this build carries one.
    public static Optional<FittedLaw> builtIn() {
        try (InputStream in = FittedLaw.class.getResourceAsStream(BUILT_IN)) {
            return in == null ? Optional.empty() : Optional.of(parse(in.readAllBytes(), "the built-in law"));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    public static FittedLaw read(Path file) throws IOException {
        return parse(Files.readAllBytes(file), file.toString());
    }

    private static FittedLaw parse(byte[] json, String name) throws IOException {
        try {
            FittedLaw law = JSON.readValue(json, FittedLaw.class);
            if (law == null || law.law == null || law.counting == null || law.recipe == null || law.text == null || law.range == null || law.intervals == null || law.draws == null
                    || law.draws.stream().anyMatch(draw -> draw == null || draw.length != 6)) {
                throw new IOException("law " + name + ": it has no law, counting, recipe, text, range, intervals or draws of six numbers; expected the law.json of a sweep (`scale`)");
            }
            return law;
        } catch (JacksonException e) {
            throw new IOException("law " + name + ": " + e.getOriginalMessage() + "; expected the law.json of a sweep (`scale`)", e);
        }
    }

    public void write(Path file) throws IOException {
        AtomicFile.write(file, json());
    }

    private String json() {
        return JSON.writeValueAsString(this) + "\n";
    }

    /// SHA-256 of the file.
    public String fingerprint() {
        return sha256(json());
    }

    static String sha256(String text) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /// More training than any model of the sweep had. There the size should be chosen by [#sizeError]: the law's exponents of N and D are each known
    /// badly, and their quotient, which decides the size, much worse than the line through the valleys (docs/DESIGN.md).
    public boolean isBeyond(ModelSpec model, double tokens) {
        return bestSize != null && operations(model, tokens) > range.mostOperations;
    }

    /// How far the size of `model` is from the one that the parabolas lead to: the logarithm of the ratio, without its sign.
    public double sizeError(ModelSpec model, double tokens) {
        return Math.abs(Math.log(counting.of(model, recipe.context) / bestSize.at(operations(model, tokens))));
    }

    private double operations(ModelSpec model, double tokens) {
        return tokens * model.trainingFlopsPerToken(recipe.context);
    }

    /// Nats per token of `model` after `tokens`.
    public double loss(ModelSpec model, double tokens) {
        return law.loss(counting.of(model, recipe.context), tokens);
    }

    /// Where a run of `model` should end.
    public Interval interval(ModelSpec model, double tokens) {
        double N = counting.of(model, recipe.context);
        return draws.isEmpty() ? null : Interval.of(draws.stream().mapToDouble(d -> new ScalingLaw(d[0], d[1], d[2], d[3], d[4]).loss(N, tokens) * Math.exp(d[5])).toArray(), confidence);
    }
}
