package dev.jackdaw.train.eval;

import dev.jackdaw.train.eval.AnswerFile.Answer;
import dev.jackdaw.train.eval.Examinee.Likelihood;
import dev.jackdaw.train.eval.Items.Item;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The numbers of one model in one task.
///
/// @param metrics  by name, the first is the one to look at
/// @param n        items
/// @param facts    further counts: prompts that were too long, answers that held none, the level of chance
/// @param settings what the numbers depend on
public record Scores(String task, Map<String, Score> metrics, int n, Map<String, Object> facts, Map<String, Object> settings) {
    static final String TOO_LONG = "tooLong";

    /// One number.
    ///
    /// @param value    the mean over items, or what is made of it
    /// @param interval 95%
    /// @param items    of each item in order, for comparisons
    /// @param isRate   between 0 and 1, more is better
    public record Score(double value, Interval interval, double[] items, boolean isRate) {
    }

    /// As `--json` prints it: metrics with their intervals, `n`, facts, settings.
    public Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        metrics.forEach((name, score) -> {
            map.put(name, score.value);
            map.put(name + "Interval", new double[] {score.interval.low(), score.interval.high()});
        });
        map.put("n", n);
        map.putAll(facts);
        map.put("settings", settings);
        return map;
    }

    /// What likelihoods say about one item.
    static Answer judged(TaskSpec task, Item item, List<Likelihood> likelihoods, List<Likelihood> unconditional) {
        Map<String, Double> values = new LinkedHashMap<>();
        Map<String, Object> detail = new LinkedHashMap<>();
        double[] logprobs = likelihoods.stream().mapToDouble(Likelihood::logprob).toArray();
        detail.put("logprobs", logprobs);
        detail.put("tokens", likelihoods.stream().mapToInt(Likelihood::tokens).toArray());
        switch (task.metric()) {
            case MULTIPLE_CHOICE -> {
                detail.put("right", item.right());
                values.put("acc", hit(logprobs, item.right()));
                values.put("accNorm", hit(perLength(logprobs, item.choices().stream().mapToInt(text -> text.codePointCount(0, text.length())).toArray()), item.right()));
                values.put("accBytes", hit(perLength(logprobs, item.choices().stream().mapToInt(text -> text.getBytes(StandardCharsets.UTF_8).length).toArray()), item.right()));
                if (unconditional != null) {
                    double[] alone = unconditional.stream().mapToDouble(Likelihood::logprob).toArray(), gain = logprobs.clone();
                    Arrays.setAll(gain, i -> logprobs[i] - alone[i]);
                    values.put("accUnconditional", hit(gain, item.right()));
                    detail.put("unconditional", alone);
                }
                values.put("chance", 1.0 / logprobs.length);
            }
            case MULTIPLE_TRUE -> {
                double max = Arrays.stream(logprobs).max().orElseThrow(), whole = 0, good = 0;
                for (int i = 0; i < logprobs.length; i++) {
                    double share = Math.exp(logprobs[i] - max);
                    whole += share;
                    good += item.truths().get(i) ? share : 0;
                }
                values.put("mc2", good / whole);
                values.put("chance", item.truths().stream().filter(truth -> truth).count() / (double) logprobs.length);
            }
            case CLOZE -> {
                values.put("acc", likelihoods.getFirst().greedy() ? 1.0 : 0.0);
                values.put("logprob", logprobs[0]);
            }
            case EXACT_MATCH, CODE -> throw new IllegalArgumentException("scores: " + task.metric().key() + " is not judged by likelihood");
        }
        return new Answer(item.index(), 0, item.id(), values, detail);
    }

    private static double[] perLength(double[] logprobs, int[] lengths) {
        double[] normal = logprobs.clone();
        Arrays.setAll(normal, i -> logprobs[i] / lengths[i]);
        return normal;
    }

    /// Is the right one the highest? Of equal ones the first counts.
    private static double hit(double[] scores, int right) {
        int best = 0;
        for (int i = 1; i < scores.length; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        return best == right ? 1 : 0;
    }

    /// From all answers to the numbers. Depends on what was answered, not on the order in which the answers came.
    static Scores of(TaskSpec task, Map<String, Object> settings, List<Answer> answers, int n, int samples, long seed) {
        TreeMap<Integer, List<Answer>> byItem = new TreeMap<>();
        for (Answer answer : answers) {
            byItem.computeIfAbsent(answer.item(), _ -> new ArrayList<>()).add(answer);
        }
        if (byItem.size() != n || byItem.values().stream().anyMatch(list -> list.stream().map(Answer::sample).distinct().count() != samples)) {
            throw new IllegalStateException("scores: " + answers.size() + " answers to " + byItem.size() + " items; expected " + samples + " for each of " + n);
        }
        Map<String, Object> facts = new LinkedHashMap<>();
        long tooLong = answers.stream().filter(answer -> answer.values().containsKey(TOO_LONG)).count();
        if (tooLong == answers.size()) {
            throw new IllegalArgumentException("task " + task.name() + ": no prompt fits the model's context; give fewer --shots, or a model with a longer one");
        }
        if (tooLong > 0) {
            facts.put(TOO_LONG, tooLong);
        }
        Map<String, Score> metrics = new LinkedHashMap<>();
        switch (task.metric()) {
            case MULTIPLE_CHOICE -> {
                for (String name : task.unconditional() ? List.of("acc", "accNorm", "accBytes", "accUnconditional") : List.of("acc", "accNorm", "accBytes")) {
                    metrics.put(name, rate(column(byItem, name), seed));
                }
                facts.put("chance", chance(answers));
            }
            case MULTIPLE_TRUE -> {
                metrics.put("mc2", rate(column(byItem, "mc2"), seed));
                facts.put("chance", chance(answers));
            }
            case CLOZE -> {
                metrics.put("acc", rate(column(byItem, "acc"), seed));
                double[] logprobs = answers.stream().filter(answer -> answer.values().containsKey("logprob")).sorted(java.util.Comparator.comparingInt(Answer::item))
                        .mapToDouble(answer -> answer.values().get("logprob")).toArray();
                Interval interval = Interval.ofMean(logprobs, seed);
                metrics.put("perplexity", new Score(Math.exp(-Arrays.stream(logprobs).average().orElseThrow()), new Interval(Math.exp(-interval.high()), Math.exp(-interval.low())), logprobs, false));
            }
            case EXACT_MATCH -> {
                metrics.put("exactMatch", rate(column(byItem, "exactMatch"), seed));
                facts.put("noAnswer", answers.stream().filter(answer -> answer.values().getOrDefault("answered", 1.0) == 0).count());
            }
            case CODE -> {
                for (int k : task.code().k().stream().filter(k -> k <= samples).toList()) {
                    double[] items = byItem.values().stream().mapToDouble(list -> PassAtK.of(samples, (int) list.stream().mapToDouble(answer -> answer.values().getOrDefault("passed", 0.0)).sum(), k)).toArray();
                    metrics.put("passAt" + k, rate(items, seed));
                }
                if (metrics.isEmpty()) {
                    throw new IllegalArgumentException("task " + task.name() + ": pass@k for k " + task.code().k() + " needs at least " + task.code().k().getFirst() + " samples, there are " + samples);
                }
            }
        }
        return new Scores(task.name(), metrics, n, facts, settings);
    }

    private static double chance(List<Answer> answers) {
        return answers.stream().filter(answer -> answer.values().containsKey("chance")).mapToDouble(answer -> answer.values().get("chance")).average().orElseThrow();
    }

    /// The mean over the samples of each item; an item that was too long counts 0.
    private static double[] column(TreeMap<Integer, List<Answer>> byItem, String name) {
        return byItem.values().stream().mapToDouble(list -> list.stream().mapToDouble(answer -> answer.values().getOrDefault(name, 0.0)).average().orElseThrow()).toArray();
    }

    private static Score rate(double[] items, long seed) {
        return new Score(Arrays.stream(items).average().orElseThrow(), Interval.of(items, seed), items, true);
    }
}
