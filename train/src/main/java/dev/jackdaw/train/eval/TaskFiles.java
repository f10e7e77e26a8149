package dev.jackdaw.train.eval;

import dev.jackdaw.agent.sandbox.Language;
import dev.jackdaw.model.chat.jinja.Template;
import dev.jackdaw.model.chat.jinja.TemplateException;
import dev.jackdaw.train.data.DataException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLFactory;
import tools.jackson.dataformat.yaml.YAMLMapper;

/// Reads task files. The keys are described in `docs/ADDING.md`, "A task of evaluation"; the built-in tasks in
/// `src/main/resources/dev/jackdaw/train/eval/tasks` are examples of all of them.
public final class TaskFiles {
    /// Files that come with the program.
    public static final List<String> BUILT_IN = List.of("gsm8k", "humaneval", "humaneval-java", "arc-easy", "arc-challenge", "hellaswag", "mmlu", "truthfulqa-mc1", "truthfulqa-mc2");

    private static final YAMLMapper MAPPER = YAMLMapper.builder(YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build()).build();

    private TaskFiles() {
    }

    /// Is this the name of a built-in task, or else of a file?
    public static boolean isFile(String name) {
        return name.endsWith(".yaml") || name.endsWith(".yml");
    }

    /// @param name of a built-in task, or the path of a file ending in `.yaml`
    public static TaskSpec read(String name) throws IOException {
        if (isFile(name)) {
            Path file = Path.of(name);
            return parse(name, Files.readAllBytes(file), file.toAbsolutePath().getParent());
        }
        if (!BUILT_IN.contains(name)) {
            throw new DataException("--tasks " + name + ": there is no such task; known: bpb, " + String.join(", ", BUILT_IN) + ", or a file ending in .yaml");
        }
        try (InputStream in = TaskFiles.class.getResourceAsStream("tasks/" + name + ".yaml")) {
            return parse("task " + name, in.readAllBytes(), null);
        }
    }

    /// @param where   what the file is called in messages
    /// @param folder  that its data may be in, or null
    static TaskSpec parse(String where, byte[] yaml, Path folder) {
        JsonNode root;
        try {
            root = MAPPER.readTree(yaml);
        } catch (JacksonException e) {
            throw new DataException(where + ", line " + e.getLocation().getLineNr() + ": not valid YAML: " + e.getOriginalMessage().strip().lines().findFirst().orElse(""), e);
        }
        Section task = new Section(where, root);
        String name = task.text("name");
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9_.-]*") || name.equals("bpb")) {
            throw task.wrong("name", name + " cannot be the name of a task; give letters, digits, and _ . - (bpb is taken)");
        }
        String metricName = task.text("metric");
        Metric metric = Metric.of(metricName).orElseThrow(() -> task.wrong("metric", "there is no metric " + metricName + "; known: " + Metric.known()));
        TaskSpec spec = new TaskSpec(name, task.whole("version", 1, 1), task.text("description", ""), hash(yaml), folder, metric, data(task.section("data")), task.text("prompt"),
                task.text("chat_prompt", null), task.text("system", null), task.text("target", null), task.text("delimiter", " "), task.text("id", null),
                task.has("choices") ? task.texts("choices") : List.of(), task.text("labels", null), task.text("answer", null), task.flag("unconditional"), fewShot(task),
                extraction(task), task.has("stop") ? task.texts("stop") : List.of(), generation(task), task.has("code") ? code(task.section("code")) : null);
        task.done();
        require(task, spec);
        return spec;
    }

    static String hash(byte[] yaml) {
        return HexFormat.of().formatHex(Rows.sha256().digest(yaml)).substring(0, 16);
    }

    private static TaskSpec.Data data(Section data) {
        Map<String, List<String>> paths = new LinkedHashMap<>();
        JsonNode path = data.node("path");
        String split;
        if (path.isObject()) {
            Section splits = data.section("path");
            path.propertyNames().forEach(name -> paths.put(name, splits.texts(name)));
            split = data.text("split", path.propertyNames().stream().findFirst().orElse(""));
        } else {
            split = data.text("split", "test");
            List<String> names = data.texts("path");
            if (names == null) {
                throw data.wrong("path", "expected a file, a list of files that may be there, or one of these for each split, found nothing");
            }
            paths.put(split, names);
        }
        if (!paths.containsKey(split)) {
            throw data.wrong("split", "there is no path for " + split + "; there are " + String.join(", ", paths.keySet()));
        }
        TaskSpec.Data read = new TaskSpec.Data(paths, split, data.oneOf("format", Rows.FORMATS, null), data.texts("columns"));
        data.done();
        return read;
    }

    private static TaskSpec.FewShot fewShot(Section task) {
        if (!task.has("few_shot")) {
            return new TaskSpec.FewShot(null, 0, "\n\n");
        }
        Section shots = task.section("few_shot");
        TaskSpec.FewShot read = new TaskSpec.FewShot(shots.text("split", null), shots.whole("shots", 0, 0), shots.text("separator", "\n\n"));
        shots.done();
        return read;
    }

    private static TaskSpec.Generation generation(Section task) {
        if (!task.has("generation")) {
            return new TaskSpec.Generation(256, 0, 1, 1);
        }
        Section generation = task.section("generation");
        TaskSpec.Generation read = new TaskSpec.Generation(generation.whole("max_tokens", 256, 1), generation.number("temperature", 0, 0), generation.number("top_p", 1, 0),
                generation.whole("samples", 1, 1));
        generation.done();
        return read;
    }

    private static TaskSpec.Code code(Section code) {
        Language language = Language.valueOf(code.oneOf("language", List.of("java", "python"), "java").toUpperCase(java.util.Locale.ROOT));
        List<String> ks = code.texts("k");
        List<Integer> k = new ArrayList<>();
        for (String text : ks == null ? List.of("1") : ks) {
            if (!text.matches("[1-9]\\d{0,5}")) {
                throw code.wrong("k", "expected whole numbers from 1, found " + text);
            }
            k.add(Integer.parseInt(text));
        }
        TaskSpec.Code read = new TaskSpec.Code(language, code.text("begin", "{{prompt}}"), code.text("entry_point", null), code.text("program"), code.number("seconds", 20, 0.1), k);
        code.done();
        return read;
    }

    private static Extraction extraction(Section task) {
        List<Extraction.Rule> rules = new ArrayList<>();
        JsonNode extract = task.node("extract");
        for (int i = 0; i < extract.size(); i++) {
            rules.add(rule(new Section("task " + task.text("name") + ": extract " + (i + 1), extract.get(i))));
        }
        if (!extract.isMissingNode() && !extract.isArray()) {
            throw task.wrong("extract", "expected a list of rules such as {after: \"####\"}, {regex: \"…\"}, {number: last}, {line: first}, found " + extract);
        }
        List<String> steps = task.texts("normalize");
        for (String step : steps == null ? List.<String>of() : steps) {
            if (!Extraction.STEPS.contains(step)) {
                throw task.wrong("normalize", "there is no step " + step + "; known: " + String.join(", ", Extraction.STEPS));
            }
        }
        return new Extraction(rules, steps == null ? List.of("strip", "spaces") : steps);
    }

    private static Extraction.Rule rule(Section rule) {
        List<String> ends = List.of("first", "last");
        Extraction.Rule read;
        if (rule.has("after")) {
            read = new Extraction.After(rule.text("after"));
        } else if (rule.has("regex")) {
            try {
                Pattern pattern = Pattern.compile(rule.text("regex"));
                int groups = pattern.matcher("").groupCount(), group = rule.whole("group", groups > 0 ? 1 : 0, 0);
                if (group > groups) {
                    throw rule.wrong("group", group + ", but the expression has " + groups);
                }
                read = new Extraction.Regex(pattern, group, rule.oneOf("which", ends, "last").equals("last"));
            } catch (PatternSyntaxException e) {
                throw rule.wrong("regex", e.getDescription() + " near position " + e.getIndex());
            }
        } else if (rule.has("number")) {
            read = new Extraction.Number(rule.oneOf("number", ends, "last").equals("last"));
        } else {
            read = new Extraction.Line(rule.oneOf("line", ends, "first").equals("last"));
        }
        rule.done();
        return read;
    }

    /// What each metric cannot do without, and whether the templates are templates.
    private static void require(Section task, TaskSpec spec) {
        boolean choice = spec.metric() == Metric.MULTIPLE_CHOICE || spec.metric() == Metric.MULTIPLE_TRUE;
        if (choice && spec.choices().isEmpty()) {
            throw task.wrong("choices", "metric " + spec.metric().key() + " needs templates of the choices, or one that gives a JSON list of them");
        }
        if (spec.metric() == Metric.MULTIPLE_TRUE && spec.labels() == null) {
            throw task.wrong("labels", "metric multiple_true needs a template of a JSON list that says which choices are true, such as [1, 0, 0]");
        }
        if (spec.metric() == Metric.CODE && spec.code() == null) {
            throw task.wrong("code", "metric code needs language, program, …");
        }
        if (spec.metric() != Metric.CODE && spec.metric() != Metric.MULTIPLE_TRUE && spec.answer() == null) {
            throw task.wrong("answer", "metric " + spec.metric().key() + " needs a template of the right answer");
        }
        if (spec.fewShot().split() != null && !spec.data().paths().containsKey(spec.fewShot().split())) {
            throw task.wrong("few_shot", "split " + spec.fewShot().split() + " has no path in data; there are " + String.join(", ", spec.data().paths().keySet()));
        }
        for (String stop : spec.stop()) {
            if (stop.isEmpty()) {
                throw task.wrong("stop", "an empty text would end every answer at once");
            }
        }
        Map<String, String> templates = new LinkedHashMap<>();
        templates.put("prompt", spec.prompt());
        templates.put("chat_prompt", spec.chatPrompt());
        templates.put("target", spec.target());
        templates.put("id", spec.id());
        templates.put("labels", spec.labels());
        templates.put("answer", spec.answer());
        IntStream.range(0, spec.choices().size()).forEach(i -> templates.put("choices " + (i + 1), spec.choices().get(i)));
        if (spec.code() != null) {
            templates.put("code: begin", spec.code().begin());
            templates.put("code: program", spec.code().program());
            templates.put("code: entry_point", spec.code().entryPoint());
        }
        templates.forEach((key, template) -> {
            try {
                Template.of(template == null ? "" : template);
            } catch (TemplateException e) {
                throw task.wrong(key, "line " + e.line() + " of the template: " + e.problem());
            }
        });
    }
}
