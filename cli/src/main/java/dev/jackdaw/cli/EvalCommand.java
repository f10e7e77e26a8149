package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.eval.Difference;
import dev.jackdaw.train.eval.Examination;
import dev.jackdaw.train.eval.Format;
import dev.jackdaw.train.eval.ModelExaminee;
import dev.jackdaw.train.eval.Scores;
import dev.jackdaw.train.eval.TaskFiles;
import dev.jackdaw.train.eval.TaskSpec;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw eval`: how good models are, in numbers that say how sure they are.
@Command(name = "eval", description = "Measure models: bits per byte of text, and tasks with questions and answers. Several models are compared item by item.")
final class EvalCommand implements Callable<Integer> {
    private static final String BITS_PER_BYTE = "bpb";

    @Mixin
    private CommonOptions common;

    @Mixin
    private ActivationOptions activations;

    @Parameters(index = "0", arity = "1..*", paramLabel = "MODEL", description = "GGUF files, Hugging Face folders, directories of training runs, or names in the store.")
    private List<Path> models;

    @Option(names = "--tasks", paramLabel = "NAMES", split = ",", defaultValue = BITS_PER_BYTE, description = "What to measure: bpb; gsm8k, humaneval, humaneval-java, arc-easy, arc-challenge, hellaswag, mmlu, "
            + "truthfulqa-mc1, truthfulqa-mc2; or task files ending in .yaml.")
    private List<String> tasks;

    @Option(names = "--data-dir", paramLabel = "DIR", split = ",", description = "Where the data of tasks is. Default: the folders in JACKDAW_DATA; for a task file also its own folder.", showDefaultValue = Visibility.NEVER)
    private List<Path> dataFolders = new ArrayList<>();

    @Option(names = "--out", paramLabel = "DIR", description = "Keep every answer here, and the results; the same command goes on where it was stopped.", showDefaultValue = Visibility.NEVER)
    private Path out;

    @Option(names = "--limit", paramLabel = "N", defaultValue = "0", description = "Only the first N items of a task; 0: all.")
    private int limit;

    @Option(names = "--shots", paramLabel = "N", description = "Examples before each question. Default: as the task says.", showDefaultValue = Visibility.NEVER)
    private Integer shots;

    @Option(names = "--format", paramLabel = "HOW", defaultValue = "base", description = "base: a text to continue; chat: a conversation in the model's own template.")
    private Format format;

    @Option(names = "--max-tokens", paramLabel = "N", description = "Tokens of an answer at most. Default: as the task says.", showDefaultValue = Visibility.NEVER)
    private Integer maxTokens;

    @Option(names = "--temperature", paramLabel = "T", description = "How freely answers are sampled; 0 takes the likeliest token. Default: as the task says.", showDefaultValue = Visibility.NEVER)
    private Double temperature;

    @Option(names = "--samples", paramLabel = "N", description = "Answers to each item, for pass@k. Default: as the task says.", showDefaultValue = Visibility.NEVER)
    private Integer samples;

    @ArgGroup(exclusive = false, validate = false, heading = "%nBits per byte:%n")
    private BitsPerByteOptions bitsPerByte = new BitsPerByteOptions();

    /// What `--json` prints for one model: for each task its metrics, their intervals, `n` and the settings.
    record Result(Map<String, Map<String, Object>> tasks) {
    }

    /// What it prints for several.
    record Results(List<OfModel> models, List<Pair> differences) {
    }

    record OfModel(String model, Map<String, Map<String, Object>> tasks) {
    }

    /// @param from the first model
    /// @param to   another one, by so much higher
    record Pair(String task, String metric, String from, String to, double difference, double[] interval, int n, int gained, int lost, Double p) {
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        check();
        Map<String, TaskSpec> specs = new LinkedHashMap<>();
        for (String task : tasks) {
            TaskSpec spec = task.equals(BITS_PER_BYTE) ? null : TaskFiles.read(task);
            if (specs.containsKey(spec == null ? BITS_PER_BYTE : spec.name())) {
                throw common.wrong("--tasks: there are two tasks of the name " + (spec == null ? BITS_PER_BYTE : spec.name()));
            }
            specs.put(spec == null ? BITS_PER_BYTE : spec.name(), spec);
        }
        for (TaskSpec spec : specs.values()) {              // what cannot work is said before anything is computed
            if (spec != null) {
                folders(spec);
                Examination.sandbox(spec);
            }
        }
        List<String> names = names(models);
        List<Map<String, Scores>> all = new ArrayList<>();
        for (int i = 0; i < models.size(); i++) {
            all.add(measure(models.get(i), names.get(i), specs));
        }
        EvalTables tables = new EvalTables(names, all);
        List<Pair> pairs = tables.pairs(common.seed(0));
        Object json = models.size() == 1 ? new Result(tables.maps(0))
                : new Results(java.util.stream.IntStream.range(0, names.size()).mapToObj(i -> new OfModel(names.get(i), tables.maps(i))).toList(), pairs);
        if (out != null) {
            AtomicFile.write(out.resolve("results.json"), Json.write(json) + "\n");
            AtomicFile.write(out.resolve("results.md"), tables.markdown(pairs));
        }
        common.output().json(json);
        tables.print(common.output(), pairs);
        return 0;
    }

    private void check() {
        if (limit < 0 || shots != null && shots < 0 || maxTokens != null && maxTokens < 1 || samples != null && samples < 1 || temperature != null && !(temperature >= 0)) {
            throw common.wrong("--limit, --shots and --temperature: give 0 or more; --max-tokens and --samples: at least 1");
        }
        if (samples != null && samples > 1 && temperature != null && temperature == 0) {
            throw common.wrong("--samples " + samples + ": at temperature 0 all of them are the same; give --temperature 0.8");
        }
        bitsPerByte.check(common);
    }

    private Map<String, Scores> measure(Path path, String name, Map<String, TaskSpec> specs) throws IOException, InterruptedException {
        Map<String, Scores> scores = new LinkedHashMap<>();
        try (Device device = activations.exactUnlessAsked(common); Model model = Model.open(path, device)) {
            for (Map.Entry<String, TaskSpec> entry : specs.entrySet()) {
                scores.put(entry.getKey(), entry.getValue() == null ? bitsPerByte.measure(model, path, device, activations.isGiven(), common)
                        : examine(entry.getValue(), model, name));
            }
        }
        return scores;
    }

    private Scores examine(TaskSpec task, Model model, String name) throws IOException, InterruptedException {
        model.forward().note().ifPresent(note -> common.output().note("%s", note));
        Examination examination = new Examination(task, new ModelExaminee(model), new Examination.Options(folders(task), limit, shots, format, maxTokens, temperature, samples, common.seed(0)));
        Path answers = out == null ? null : out.resolve(name).resolve(task.name() + ".jsonl");
        try (ProgressBar bar = common.output().progress(models.size() == 1 ? task.name() : name + " " + task.name(), examination.size(), "answers")) {
            return examination.run(answers, bar::update);
        }
    }

    /// Where the data of a task may be.
    private List<Path> folders(TaskSpec task) {
        Set<Path> folders = new LinkedHashSet<>(dataFolders);
        String environment = System.getenv("JACKDAW_DATA");
        if (environment != null && dataFolders.isEmpty()) {
            for (String folder : environment.split(Pattern.quote(File.pathSeparator))) {
                folders.add(Path.of(folder));
            }
        }
        if (task.folder() != null) {
            folders.add(task.folder());
        }
        if (folders.isEmpty()) {
            throw common.wrong("--data-dir: give the folder with the data of task " + task.name() + " (or set JACKDAW_DATA)");
        }
        for (Path folder : folders) {
            if (!Files.isDirectory(folder)) {
                throw common.wrong("--data-dir " + folder + ": there is no such folder");
            }
        }
        return List.copyOf(folders);
    }

    /// Short names that tell the models apart.
    private static List<String> names(List<Path> models) {
        List<String> names = new ArrayList<>();
        for (Path model : models) {
            Path file = model.toAbsolutePath().normalize();
            Path folder = file.getParent();
            String name = file.getFileName().toString().replaceFirst("\\.gguf$", "").replaceAll("[^A-Za-z0-9._-]", "_");
            String longer = folder == null || folder.getFileName() == null ? name : folder.getFileName() + "_" + name;
            String chosen = !names.contains(name) ? name : longer;
            for (int i = 2; names.contains(chosen); i++) {
                chosen = longer + "_" + i;
            }
            names.add(chosen);
        }
        return names;
    }

    /// For the tables: the pairs of the first model with each other one.
    static Pair pair(String task, String metric, String from, String to, Difference d) {
        return new Pair(task, metric, from, to, d.difference(), new double[] {d.interval().low(), d.interval().high()}, d.n(), d.gained(), d.lost(), d.p());
    }
}
