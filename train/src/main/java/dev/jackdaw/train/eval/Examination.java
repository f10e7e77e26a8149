package dev.jackdaw.train.eval;

import dev.jackdaw.agent.sandbox.Limits;
import dev.jackdaw.agent.sandbox.Sandbox;
import dev.jackdaw.agent.sandbox.Verdict;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.train.eval.AnswerFile.Answer;
import dev.jackdaw.train.eval.Examinee.Likelihood;
import dev.jackdaw.train.eval.Examinee.Question;
import dev.jackdaw.train.eval.Examinee.Writing;
import dev.jackdaw.train.eval.Examinee.Written;
import dev.jackdaw.train.eval.Items.Item;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.function.IntConsumer;

/// Asks an examinee the items of a task and judges the answers.
///
/// Answers do not depend on which items were asked together, on the number of threads, or on how often the examination was interrupted:
/// a sample's seed comes from the seed, the item and the sample alone.
public final class Examination {
    private static final Limits PYTHON = Limits.usual().withProcesses(32), JAVA = Limits.usual().withMemory(768L << 20).withProcesses(96);
    /// Items judged by likelihood between two looks at the clock of the progress bar.
    private static final int STEP = 64;
    /// Programs that are tested at the same time, beside the model that writes the next ones.
    private static final int TESTERS = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);

    /// What can be chosen for every task.
    ///
    /// @param dataFolders where data is looked for, in this order
    /// @param limit       the first so many items; 0: all
    /// @param shots       examples; null: as the task says
    /// @param maxTokens   of an answer; null: as the task says
    /// @param temperature null: as the task says
    /// @param samples     of each item; null: as the task says
    /// @param seed        of the choice of examples, of sampling, and of the bootstrap
    public record Options(List<Path> dataFolders, int limit, Integer shots, Format format, Integer maxTokens, Double temperature, Integer samples, long seed) {
        public static Options of(List<Path> dataFolders) {
            return new Options(dataFolders, 0, null, Format.BASE, null, null, null, 0);
        }

        public Options withLimit(int other) {
            return new Options(dataFolders, other, shots, format, maxTokens, temperature, samples, seed);
        }

        public Options withShots(int other) {
            return new Options(dataFolders, limit, other, format, maxTokens, temperature, samples, seed);
        }

        public Options withFormat(Format other) {
            return new Options(dataFolders, limit, shots, other, maxTokens, temperature, samples, seed);
        }

        public Options withSamples(int other, double temperature) {
            return new Options(dataFolders, limit, shots, format, maxTokens, temperature, other, seed);
        }
    }

    private final TaskSpec task;
    private final Examinee examinee;
    private final Options options;
    private final Items items;
    private final int count;
    private final int shots;
    private final TaskSpec.Generation generation;
    private final Sandbox sandbox;            // null unless programs are run

    /// @throws dev.jackdaw.agent.sandbox.SandboxMissing if the task runs programs and there is no sandbox
    public Examination(TaskSpec task, Examinee examinee, Options options) throws IOException {
        this.task = task;
        this.examinee = examinee;
        this.options = options;
        sandbox = sandbox(task);
        shots = options.shots == null ? task.fewShot().shots() : options.shots;
        items = new Items(task, options.dataFolders, options.format, shots, options.seed);
        count = options.limit == 0 ? items.size() : Math.min(options.limit, items.size());
        TaskSpec.Generation own = task.generation();
        generation = new TaskSpec.Generation(options.maxTokens == null ? own.maxTokens() : options.maxTokens, options.temperature == null ? own.temperature() : options.temperature, own.topP(),
                options.samples == null ? own.samples() : options.samples);
        if (samples() > 1 && generation.temperature() == 0) {
            throw new IllegalArgumentException("task " + task.name() + ": " + samples() + " samples at temperature 0 would all be the same; give --temperature 0.8");
        }
    }

    /// What is asked: for each item every text of its row, under the name of the task and the item, so that it can be kept out of what is learned.
    public static void texts(TaskSpec task, Options options, java.util.function.BiConsumer<String, String> sink) throws IOException {
        Items items = new Items(task, options.dataFolders, options.format, 0, options.seed);
        int count = options.limit == 0 ? items.size() : Math.min(options.limit, items.size());
        for (int i = 0; i < count; i++) {
            Item item = items.item(i);
            String id = task.name() + " " + item.id();
            for (Object field : item.row().fields().values()) {
                if (field instanceof String text && !text.isBlank()) {
                    sink.accept(id, text);
                }
            }
        }
    }

    /// What the task runs programs in; null if it runs none.
    ///
    /// @throws dev.jackdaw.agent.sandbox.SandboxMissing if it needs one and there is none, or the language is missing
    public static Sandbox sandbox(TaskSpec task) {
        if (task.metric() != Metric.CODE) {
            return null;
        }
        task.code().language().require();
        return Sandbox.require();
    }

    /// Answers there will be.
    public int size() {
        return count * samples();
    }

    private int samples() {
        return task.metric().isGenerative() ? generation.samples() : 1;
    }

    /// Everything a number depends on but the model's weights and the number of items.
    public Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("task", task.name());
        settings.put("version", task.version());
        settings.put("taskHash", task.hash());
        settings.put("data", items.fingerprint());
        settings.put("split", task.data().split());
        settings.put("metric", task.metric().key());
        settings.put("format", options.format.name().toLowerCase(java.util.Locale.ROOT));
        settings.put("shots", shots);
        if (shots > 0 || generation.temperature() > 0) {
            settings.put("seed", options.seed);
        }
        if (task.metric().isGenerative()) {
            settings.put("temperature", generation.temperature());
            settings.put("topP", generation.topP());
            settings.put("maxTokens", generation.maxTokens());
            settings.put("samples", generation.samples());
        }
        settings.putAll(examinee.settings(options.format));
        return settings;
    }

    /// @param out      where answers are kept, or null
    /// @param progress told how many answers there are
    public Scores run(Path out, IntConsumer progress) throws IOException, InterruptedException {
        Map<String, Object> head = new LinkedHashMap<>(settings());
        head.put("model", examinee.fingerprint());
        try (AnswerFile file = AnswerFile.open(out, head)) {
            Set<Long> known = new HashSet<>();
            int inside = 0;
            for (Answer answer : file.answers()) {
                inside += known.add(key(answer.item(), answer.sample())) && answer.item() < count && answer.sample() < samples() ? 1 : 0;
            }
            progress.accept(inside);
            if (task.metric().isGenerative()) {
                write(file, known, inside, progress);
            } else {
                judge(file, known, inside, progress);
            }
            return Scores.of(task, settings(), file.answers().stream().filter(answer -> answer.item() < count && answer.sample() < samples()).toList(), count, samples(), options.seed);
        }
    }

    private static long key(int item, int sample) {
        return (long) item << 32 | sample;
    }

    // by likelihood

    private void judge(AnswerFile file, Set<Long> known, int inside, IntConsumer progress) throws IOException {
        List<Item> left = new ArrayList<>();
        int done = inside;
        for (int i = 0; i < count; i++) {
            if (!known.contains(key(i, 0))) {
                left.add(items.item(i));
            }
            if (left.size() == STEP || i == count - 1 && !left.isEmpty()) {
                for (Answer answer : judge(left)) {
                    file.add(answer);
                }
                done += left.size();
                progress.accept(done);
                left.clear();
            }
        }
    }

    private List<Answer> judge(List<Item> some) {
        List<Question> questions = new ArrayList<>();
        for (Item item : some) {
            questions.add(new Question(item.prompt(), continuations(item)));
        }
        boolean unconditional = task.metric() == Metric.MULTIPLE_CHOICE && task.unconditional();
        if (unconditional) {
            for (Item item : some) {
                questions.add(new Question(Prompt.text(""), continuations(item).stream().map(String::stripLeading).toList()));
            }
        }
        List<List<Likelihood>> results = new ArrayList<>(java.util.Collections.nCopies(questions.size(), null));
        examinee.judge(questions, results::set);
        List<Answer> answers = new ArrayList<>();
        for (int i = 0; i < some.size(); i++) {
            Item item = some.get(i);
            answers.add(results.get(i) == null ? tooLong(item, 0) : Scores.judged(task, item, results.get(i), unconditional ? results.get(some.size() + i) : null));
        }
        return answers;
    }

    private List<String> continuations(Item item) {
        String delimiter = options.format == Format.CHAT ? "" : task.delimiter();
        return task.metric() == Metric.CLOZE ? List.of(delimiter + item.answer()) : item.choices().stream().map(choice -> delimiter + choice).toList();
    }

    // by writing

    private void write(AnswerFile file, Set<Long> known, int inside, IntConsumer progress) throws IOException, InterruptedException {
        List<Item> asked = new ArrayList<>();
        List<Integer> sample = new ArrayList<>();
        List<Writing> writings = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Item item = null;
            for (int s = 0; s < samples(); s++) {
                if (!known.contains(key(i, s))) {
                    item = item == null ? items.item(i) : item;
                    asked.add(item);
                    sample.add(s);
                    writings.add(new Writing(item.prompt(), generation.maxTokens(), sampling(i, s), options.format == Format.CHAT ? List.of() : task.stop()));
                }
            }
        }
        if (writings.isEmpty()) {
            return;
        }
        Semaphore room = new Semaphore(4 * TESTERS);                 // texts that wait for their test
        List<Future<?>> tests = new ArrayList<>();
        int[] done = {inside};
        try (ExecutorService testers = Executors.newFixedThreadPool(TESTERS)) {
            try {
                examinee.write(writings, (i, written) -> {
                    room.acquireUninterruptibly();
                    tests.add(testers.submit(() -> {
                        try {
                            Answer answer = written == null ? tooLong(asked.get(i), sample.get(i)) : judge(asked.get(i), sample.get(i), written);
                            synchronized (done) {
                                file.add(answer);
                                progress.accept(++done[0]);
                            }
                            return null;
                        } finally {
                            room.release();
                        }
                    }));
                });
                for (Future<?> test : tests) {
                    test.get();
                }
            } catch (ExecutionException e) {
                testers.shutdownNow();
                switch (e.getCause()) {
                    case IOException failure -> throw failure;
                    case RuntimeException failure -> throw failure;
                    default -> throw new IllegalStateException(e.getCause());
                }
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }
    }

    private Sampling sampling(int item, int sample) {
        if (generation.temperature() == 0) {
            return Sampling.greedy();
        }
        long seed = new java.util.SplittableRandom(options.seed * 0x9E3779B97F4A7C15L + key(item, sample)).nextLong();
        return Sampling.of(generation.temperature(), seed).withTopP(generation.topP());
    }

    private Answer judge(Item item, int sample, Written written) throws IOException {
        Map<String, Object> detail = new LinkedHashMap<>();
        detail.put("text", written.text());
        detail.put("tokens", written.tokens());
        detail.put("ended", written.ended());
        Map<String, Double> values = new LinkedHashMap<>();
        if (task.metric() == Metric.CODE) {
            Verdict verdict = test(item, written.text(), detail);
            values.put("passed", verdict.passed() ? 1.0 : 0.0);
            detail.put("verdict", verdict.summary());
            detail.put("seconds", Math.round(verdict.outcome().seconds() * 1000) / 1000.0);
        } else {
            String expected = task.extraction().find(item.answer()).orElse(task.extraction().normal(item.answer()));
            Optional<String> found = task.extraction().find(written.text());
            values.put("exactMatch", found.isPresent() && found.get().equals(expected) ? 1.0 : 0.0);
            values.put("answered", found.isPresent() ? 1.0 : 0.0);
            detail.put("answer", found.orElse(null));
            detail.put("expected", expected);
        }
        return new Answer(item.index(), sample, item.id(), values, detail);
    }

    private Verdict test(Item item, String written, Map<String, Object> detail) throws IOException {
        TaskSpec.Code code = task.code();
        String begin = items.render("code: begin", code.begin(), item.row(), Map.of());
        String entryPoint = items.renderIfGiven("code: entry_point", code.entryPoint(), item.row()).orElse(null);
        String solution = CodeText.solution(code.language(), begin, written, entryPoint, options.format);
        String program = items.render("code: program", code.program(), item.row(), Map.of("solution", solution));
        Limits limits = switch (code.language()) {
            case JAVA -> JAVA;
            case PYTHON -> PYTHON;
        };
        if (program.getBytes(StandardCharsets.UTF_8).length > 1 << 20) {
            throw new IllegalStateException("task " + task.name() + ": the program of item " + item.id() + " has " + program.length() + " characters; a program may have a megabyte");
        }
        detail.put("sandbox", sandbox.name());
        return Verdict.of(sandbox, code.language(), program, limits.withSeconds(code.seconds()));
    }

    /// A prompt that the model cannot read counts as answered wrongly, and is counted.
    private Answer tooLong(Item item, int sample) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put(Scores.TOO_LONG, 1.0);
        return new Answer(item.index(), sample, item.id(), values, Map.of());
    }
}
