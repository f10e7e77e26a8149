package dev.jackdaw.serve.feedback;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// What can be seen to be wrong with an answer without understanding it. A flag is a reason to look, no verdict: the checks would rather miss
/// something than cry at every second answer.
public final class Checks {
    /// What takes too long; 0: nothing does.
    public record Limits(long firstTokenMillis, long totalMillis) {
        public static final Limits STANDARD = new Limits(10_000, 60_000);
    }

    private static final JsonMapper JSON = JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();
    /// Letters and digits; scripts without spaces, letter by letter.
    private static final Pattern WORD = Pattern.compile("[\\p{IsHan}\\p{IsHiragana}\\p{IsKatakana}\\p{IsThai}]|[\\p{L}\\p{N}]+");
    private static final Pattern ONE_LONG_WORD = Pattern.compile("(\\p{L}{1,8}?)\\1{39,}");
    private static final int WORDS = 4000, PERIOD = 64, REPEATS = 4, LEAST = 32, GRAM = 4;
    private static final List<String> MARKERS = List.of("<tool_call>", "</tool_call>", "[TOOL_CALLS]", "<|python_tag|>", "<function=", "<|tool_call", "to=functions.");

    private final Limits limits;
    private final Guard guard;
    private final Refusals refusals;

    public Checks(Limits limits, Guard guard) {
        this(limits, guard, null);
    }

    /// @param refusals a file with further ways to decline, or null; `refusals.txt` among the resources has those that are known and says how they are written
    /// @throws IllegalArgumentException if the file cannot be used
    public Checks(Limits limits, Guard guard, Path refusals) {
        this.limits = limits;
        this.guard = guard;
        this.refusals = Refusals.with(refusals);
    }

    /// Everything that is wrong, in the order of the kinds.
    public List<Flag> of(Answer answer) {
        String text = answer.text();
        List<Flag> flags = new ArrayList<>();
        add(flags, Flag.Kind.REFUSAL, refusals.begins(text) ? Optional.of("begins with a refusal") : Optional.empty());
        add(flags, Flag.Kind.REPETITION, repetition(text));
        add(flags, Flag.Kind.TOOL, brokenTool(answer));
        add(flags, Flag.Kind.SCHEMA, schemaFailure(answer));
        add(flags, Flag.Kind.GUARD, guard.objection(answer));
        add(flags, Flag.Kind.LATENCY, slowness(answer.cost()));
        add(flags, Flag.Kind.EMPTY, text.isBlank() && answer.toolCalls().isEmpty() ? Optional.of("neither text nor a call of a function") : Optional.empty());
        add(flags, Flag.Kind.LENGTH, answer.finishReason().equals("length") ? Optional.of("ended after " + answer.cost().answerTokens() + " tokens, as no more were allowed") : Optional.empty());
        return flags;
    }

    private static void add(List<Flag> flags, Flag.Kind kind, Optional<String> detail) {
        detail.ifPresent(line -> flags.add(new Flag(kind, line)));
    }

    /// A stretch of words that is repeated at once, four times at least and 32 words in all; or few different groups of four words in a long text.
    /// Numbers and signs alone do not count: tables of zeros and rulers are no loops.
    static Optional<String> repetition(String text) {
        if (ONE_LONG_WORD.matcher(text).find()) {
            return Optional.of("one word repeats itself 40 times or more");
        }
        List<String> words = WORD.matcher(text).results().map(match -> match.group().toLowerCase(java.util.Locale.ROOT)).limit(WORDS).toList();
        for (int period = 1; period <= Math.min(PERIOD, words.size() / REPEATS); period++) {
            int same = 0;                                      // words in a row that stood a period before
            for (int i = period; i < words.size(); i++) {
                same = words.get(i).equals(words.get(i - period)) ? same + 1 : 0;
                if (same + period >= Math.max(LEAST, REPEATS * period) && hasLetter(words.subList(i - period + 1, i + 1))) {
                    return Optional.of("a stretch of " + period + (period == 1 ? " word" : " words") + " repeats itself");
                }
            }
        }
        Set<List<String>> distinct = new HashSet<>();
        int grams = 0;
        for (int i = 0; i + GRAM <= words.size(); i++) {
            List<String> gram = words.subList(i, i + GRAM);
            if (hasLetter(gram)) {
                distinct.add(gram);
                grams++;
            }
        }
        return grams >= 100 && distinct.size() < grams / 4 ? Optional.of("only " + distinct.size() + " of " + grams + " groups of " + GRAM + " words differ") : Optional.empty();
    }

    private static boolean hasLetter(List<String> words) {
        return words.stream().anyMatch(word -> Character.isLetter(word.codePointAt(0)));
    }

    /// Only if functions were offered: whoever asks how calls are written gets marks in the answer.
    static Optional<String> brokenTool(Answer answer) {
        if (answer.tools().isEmpty()) {
            return Optional.empty();
        }
        for (String marker : MARKERS) {
            if (answer.text().contains(marker)) {
                return Optional.of("the text holds the mark " + marker + " of a call that could not be read");
            }
        }
        return answer.toolCalls().stream().flatMap(call -> call(call, answer.tools()).stream()).findFirst();
    }

    private static Optional<String> call(Object call, List<?> tools) {
        Map<?, ?> function = function(call);
        Map<?, ?> offered = tools.stream().map(Checks::function).filter(tool -> tool.get("name") != null && tool.get("name").equals(function.get("name"))).findFirst().orElse(null);
        if (offered == null) {
            return Optional.of("calls " + function.get("name") + ", which was not offered");
        }
        Object arguments = function.get("arguments") instanceof String text ? json(text) : function.get("arguments");
        if (!(arguments instanceof Map)) {
            return Optional.of("the arguments of " + function.get("name") + " are no JSON object");
        }
        return offered.get("parameters") instanceof Map<?, ?> schema ? SchemaCheck.fault(arguments, schema)
                .map(fault -> "the arguments of " + function.get("name") + ": " + fault) : Optional.empty();
    }

    /// `{"type": "function", "function": {…}}`, or what stands inside of it.
    private static Map<?, ?> function(Object entry) {
        return entry instanceof Map<?, ?> map ? map.get("function") instanceof Map<?, ?> inner ? inner : map : Map.of();
    }

    static Optional<String> schemaFailure(Answer answer) {
        if (!(answer.settings().get(Answer.SCHEMA) instanceof Map<?, ?> schema) || !answer.toolCalls().isEmpty()) {
            return Optional.empty();
        }
        Object value = json(answer.text());
        return value == NOT_JSON ? Optional.of("not JSON, though a schema was given") : SchemaCheck.fault(value, schema);
    }

    private static final Object NOT_JSON = new Object();

    private static Object json(String text) {
        try {
            return text.isBlank() ? NOT_JSON : JSON.readValue(text, Object.class);
        } catch (JacksonException _) {
            return NOT_JSON;
        }
    }

    private Optional<String> slowness(Answer.Cost cost) {
        return Stream.of(slow("the first token", cost.firstTokenMillis(), limits.firstTokenMillis()), slow("the answer", cost.totalMillis(), limits.totalMillis()))
                .flatMap(Optional::stream).findFirst();
    }

    private static Optional<String> slow(String what, long millis, long limit) {
        return limit > 0 && millis > limit ? Optional.of(what + " took " + millis + " ms; the limit is " + limit + " ms") : Optional.empty();
    }
}
