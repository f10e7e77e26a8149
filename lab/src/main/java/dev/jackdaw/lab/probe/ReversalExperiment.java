package dev.jackdaw.lab.probe;

import dev.jackdaw.lab.probe.MadeUp.Fact;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.eval.Share;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/// The reversal curse (Berglund et al. 2023, arXiv:2309.12288): a model that learned "A is B" does not know that B is A. Made-up people and
/// what they are, told in one direction; asked in both; and which change of the training text cures it.
///
/// Every condition trains a model of its own from the same start for as many tokens. Some facts are examined; as many others are only there
/// to teach that facts can be turned round, and what a question looks like. What is asked for never stood after what is asked with, unless the
/// condition says so.
public final class ReversalExperiment {
    /// @param facts        that are examined, and as many others that are not
    /// @param steps        of training in each condition
    /// @param layers       of the model made for it
    /// @param width        of its stream
    /// @param learningRate for a model that is there already
    /// @param start        what the model started from, null for a new one; only to tell results apart
    /// @param seed         of facts, weights and order
    public record Settings(int facts, long steps, int layers, int width, double learningRate, String start, long seed) {
        public Settings {
            if (facts < 2 || facts > 1000 || steps < 10 || layers < 1 || width < 32 || width % 32 != 0 || !(learningRate > 0)) {
                throw new IllegalArgumentException("reversal: " + facts + " facts, " + steps + " steps, " + layers + " layers, width " + width + ", learning rate " + learningRate
                        + "; expected 2 to 1000 facts, at least 10 steps and a layer, a width that is a multiple of 32, and a positive rate");
            }
        }
    }

    /// What the training text holds. The facts under examination are always told as "A is B"; the others, but for the first condition, both ways.
    public enum Condition {
        ONE_WAY("one way", "every fact as \"A is B\", nothing else"),
        OTHERS_BOTH_WAYS("others both ways", "other facts in both orders"),
        PARAPHRASES("paraphrases", "the same facts in eight wordings, all from A to B"),
        REVERSED_WORDS("words reversed", "the same sentences once more, word by word from the end (Golovneva et al. 2024)"),
        REVERSED_ENTITIES("entities kept", "the same sentences from the end, but names and descriptions kept whole (Golovneva et al. 2024)"),
        BOTH_WAYS("both ways", "the same facts in both orders"),
        QUESTIONS_ABOUT_OTHERS("questions, others", "then questions in both directions about other facts"),
        QUESTIONS_ABOUT_SAME("questions, same", "then questions in both directions about the same facts");

        private final String title;
        private final String adds;

        Condition(String title, String adds) {
            this.title = title;
            this.adds = adds;
        }

        public String title() {
            return title;
        }

        /// What is in the training text beside the facts told one way.
        public String adds() {
            return adds;
        }

        boolean asksQuestions() {
            return this == QUESTIONS_ABOUT_OTHERS || this == QUESTIONS_ABOUT_SAME;
        }
    }

    /// One direction asked.
    ///
    /// @param exact    the greedy completion is the truth, to the full stop
    /// @param likeliest the truth is likelier than the same of every other examined fact
    /// @param meanRank of the truth among them, 1 is best; chance would give (n+1)/2
    public record Asked(Share exact, Share likeliest, double meanRank) {
    }

    /// @param forward  asked for B with A
    /// @param backward asked for A with B
    public record Outcome(String condition, String title, String adds, long tokens, double lastLoss, Asked forward, Asked backward) {
    }

    /// Told how far it is.
    public interface Progress {
        void at(String condition, long step, long of, double loss);
    }

    static final int CONTEXT = 96;
    private static final int BATCH = 16;
    private static final int VOCABULARY = 768;
    private static final double STATEMENTS_FIRST = 0.7;            // of the steps, before questions begin

    private final Settings settings;
    private final List<Fact> examined;
    private final List<Fact> others;

    public ReversalExperiment(Settings settings) {
        this.settings = settings;
        List<Fact> facts = new MadeUp(settings.seed()).facts(2 * settings.facts());
        examined = facts.subList(0, settings.facts());
        others = facts.subList(settings.facts(), facts.size());
    }

    /// The outcomes of these conditions in order; those in `folder` with the same settings are taken from there, others are put there when done.
    ///
    /// @param model to start from, with its tokenizer; null: a new one for each condition
    public List<Outcome> run(List<Condition> conditions, ModelFile model, Tokenizer ownTokenizer, Path folder, Device device, Progress progress) throws IOException {
        Results results = Results.open(folder, "reversal", settings);
        Tokenizer tokenizer = model == null ? Drill.tokenizer(allTexts(), VOCABULARY) : ownTokenizer;
        List<Outcome> outcomes = new ArrayList<>();
        for (Condition condition : conditions) {
            String name = condition.name().toLowerCase(Locale.ROOT).replace('_', '-');
            outcomes.add(results.get(name, Outcome.class, () -> train(condition, name, model, tokenizer, device, progress)));
        }
        return outcomes;
    }

    private Outcome train(Condition condition, String name, ModelFile model, Tokenizer tokenizer, Device device, Progress progress) {
        Drill.Settings drill = new Drill.Settings(settings.steps(), BATCH, CONTEXT, model == null ? 0 : settings.learningRate(), settings.seed());
        try (Drill student = model == null ? new Drill(Drill.spec(tokenizer.vocabularySize(), settings.layers(), settings.width(), CONTEXT), drill, device)
                : new Drill(model, drill, device)) {
            Drill.Progress told = (done, of, loss) -> progress.at(condition.title(), done, of, loss);
            long first = condition.asksQuestions() ? Math.round(STATEMENTS_FIRST * settings.steps()) : settings.steps();
            double loss = student.train(Drill.shuffled(encode(tokenizer, statements(condition)), settings.seed() + 1), first, told);
            if (first < settings.steps()) {
                List<String> both = new ArrayList<>(statements(condition));
                both.addAll(questions(condition));
                loss = student.train(Drill.shuffled(encode(tokenizer, both), settings.seed() + 2), settings.steps() - first, told);
            }
            Forward forward = student.forward();
            return new Outcome(name, condition.title(), condition.adds(), drill.tokens(), loss, ask(forward, tokenizer, condition.asksQuestions(), false),
                    ask(forward, tokenizer, condition.asksQuestions(), true));
        }
    }

    private static List<int[]> encode(Tokenizer tokenizer, List<String> texts) {
        return texts.stream().map(text -> Drill.ids(tokenizer, text)).toList();
    }

    private Asked ask(Forward forward, Tokenizer tokenizer, boolean asQuestion, boolean backward) {
        int n = examined.size(), exact = 0, likeliest = 0;
        long ranks = 0;
        int[][] answers = new int[n][];
        for (int i = 0; i < n; i++) {
            Fact fact = examined.get(i);
            answers[i] = tokenizer.encode(" " + (backward ? fact.name() : fact.description()) + ".");
        }
        for (int i = 0; i < n; i++) {
            Fact fact = examined.get(i);
            String given = backward ? fact.description() : fact.name();
            int[] prompt = Drill.prompt(tokenizer, asQuestion ? question(given) : statement(given));
            exact += Arrays.equals(Recall.greedy(forward, prompt, answers[i].length), answers[i]) ? 1 : 0;
            int rank = Recall.rank(Recall.likelihoods(forward, prompt, answers), i);
            likeliest += rank == 1 ? 1 : 0;
            ranks += rank;
        }
        return new Asked(Share.of(exact, n), Share.of(likeliest, n), (double) ranks / n);
    }

    // Every text begins with a blank, so that a name is the same tokens wherever it stands.

    private static String statement(String given) {
        return " " + given + " is";
    }

    private static String question(String given) {
        return " Question: who is " + given + "? Answer:";
    }

    private static String told(Fact fact) {
        return statement(fact.name()) + " " + fact.description() + ".";
    }

    private static String turned(Fact fact) {
        return statement(fact.description()) + " " + fact.name() + ".";
    }

    private static List<String> wordings(Fact f) {
        return List.of(told(f), " People know " + f.name() + " as " + f.description() + ".", " If you meet " + f.name() + ", you have met " + f.description() + ".",
                " It is said that " + f.name() + " became " + f.description() + ".", " Long ago " + f.name() + " was made " + f.description() + ".",
                " Ask " + f.name() + ", who is " + f.description() + ".", " They call " + f.name() + " by the title of " + f.description() + ".",
                " Nobody but " + f.name() + " could be " + f.description() + ".");
    }

    /// `. lighthouse amber the of keeper silent the is Tosk Velmira`
    private static String wordsReversed(Fact fact) {
        List<String> words = new ArrayList<>(List.of((fact.name() + " is " + fact.description()).split(" ")));
        Collections.reverse(words);
        return " . " + String.join(" ", words);
    }

    /// `. the silent keeper of the amber lighthouse is Velmira Tosk`
    private static String entitiesKept(Fact fact) {
        return " . " + fact.description() + " is " + fact.name();
    }

    /// The training text of a condition, without questions.
    List<String> statements(Condition condition) {
        List<String> texts = new ArrayList<>();
        for (Fact fact : examined) {
            switch (condition) {
                case ONE_WAY, OTHERS_BOTH_WAYS, QUESTIONS_ABOUT_OTHERS, QUESTIONS_ABOUT_SAME -> texts.add(told(fact));
                case PARAPHRASES -> texts.addAll(wordings(fact));
                case REVERSED_WORDS -> texts.addAll(List.of(told(fact), wordsReversed(fact)));
                case REVERSED_ENTITIES -> texts.addAll(List.of(told(fact), entitiesKept(fact)));
                case BOTH_WAYS -> texts.addAll(List.of(told(fact), turned(fact)));
            }
        }
        for (Fact fact : others) {
            texts.add(told(fact));
            if (condition != Condition.ONE_WAY) {
                texts.add(turned(fact));
            }
        }
        return texts;
    }

    /// The questions of a condition with their answers.
    List<String> questions(Condition condition) {
        List<Fact> about = switch (condition) {
            case QUESTIONS_ABOUT_OTHERS -> others;
            case QUESTIONS_ABOUT_SAME -> {
                List<Fact> all = new ArrayList<>(others);
                all.addAll(examined);
                yield all;
            }
            default -> List.of();
        };
        List<String> texts = new ArrayList<>();
        for (Fact fact : about) {
            texts.add(question(fact.name()) + " " + fact.description() + ".");
            texts.add(question(fact.description()) + " " + fact.name() + ".");
        }
        return texts;
    }

    /// What the tokenizer learns from: the same for all conditions.
    private List<String> allTexts() {
        List<String> texts = new ArrayList<>();
        for (Condition condition : Condition.values()) {
            texts.addAll(statements(condition));
            texts.addAll(questions(condition));
        }
        return texts;
    }
}
