package dev.jackdaw.train.eval;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.chat.jinja.Template;
import dev.jackdaw.model.chat.jinja.TemplateException;
import dev.jackdaw.train.data.DataException;
import dev.jackdaw.train.eval.Rows.Row;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The items of a task: rows of its data, put into words.
final class Items {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    /// One question.
    ///
    /// @param index   in the file, from 0
    /// @param choices without delimiter; empty if there are none
    /// @param right   index of the right choice; -1: none
    /// @param truths  which choices are true, for [Metric#MULTIPLE_TRUE]; else null
    /// @param answer  the text to be written; null if there is none
    /// @param fields  of the row
    record Item(int index, String id, Prompt prompt, List<String> choices, int right, List<Boolean> truths, String answer, Row row) {
    }

    private final TaskSpec task;
    private final Format format;
    private final int shots;
    private final long seed;
    private final Map<String, Template> templates = new HashMap<>();
    private final Rows rows;
    private final Rows examples;
    private final List<Integer> shown = new ArrayList<>();        // examples, one more than needed where an item may be one itself
    private final boolean same;                                   // examples are rows of what is examined

    /// @param folders where data may be, in this order
    Items(TaskSpec task, List<Path> folders, Format format, int shots, long seed) throws IOException {
        this.task = task;
        this.format = format;
        this.shots = shots;
        this.seed = seed;
        String split = task.data().split(), from = task.fewShot().split() == null ? split : task.fewShot().split();
        rows = read(split, folders);
        same = from.equals(split);
        examples = shots == 0 || same ? rows : read(from, folders);
        if (shots > 0) {
            draw(from);
        }
    }

    private Rows read(String split, List<Path> folders) throws IOException {
        List<String> names = task.data().paths().get(split);
        for (Path folder : folders) {
            for (String name : names) {
                Path file = folder.resolve(name);
                if (Files.exists(file)) {
                    return Rows.read(file, task.data().format(), task.data().columns());
                }
            }
        }
        throw new DataException("task " + task.name() + ": its data (" + String.join(" or ", names) + ") is in none of the folders " + String.join(", ", folders.stream().map(Path::toString).toList())
                + "; give the folder with --data-dir");
    }

    /// The same examples for every item, so that the model reads them once.
    private void draw(String split) {
        int need = shots + (same ? 1 : 0), n = examples.rows().size();
        if (n < need) {
            throw new DataException("task " + task.name() + ": " + shots + " examples were asked for, split " + split + " has " + n + " rows; give a smaller --shots");
        }
        SplittableRandom random = new SplittableRandom(seed);
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            int j = random.nextInt(i + 1);                       // Fisher and Yates, from inside out
            order[i] = order[j];
            order[j] = i;
        }
        for (int i = 0; i < need; i++) {
            shown.add(order[i]);
        }
    }

    int size() {
        return rows.rows().size();
    }

    /// Of the data and of the examples.
    String fingerprint() {
        return rows.fingerprint().substring(0, 16) + (examples == rows ? "" : "+" + examples.fingerprint().substring(0, 16));
    }

    Item item(int index) {
        Row row = rows.rows().get(index);
        List<String> choices = choices(row);
        int right = task.metric() == Metric.MULTIPLE_CHOICE ? right(row, choices) : -1;
        List<Boolean> truths = task.metric() == Metric.MULTIPLE_TRUE ? truths(row, choices) : null;
        String answer = task.metric() == Metric.CLOZE || task.metric() == Metric.EXACT_MATCH ? render("answer", task.answer(), row, Map.of()) : null;
        String id = task.id() == null ? Integer.toString(index) : render("id", task.id(), row, Map.of());
        return new Item(index, id, prompt(row, index), choices, right, truths, answer, row);
    }

    private Prompt prompt(Row row, int index) {
        List<Row> before = shown.stream().filter(i -> !same || i != index).limit(shots).map(examples.rows()::get).toList();
        if (format == Format.CHAT) {
            List<Message> messages = new ArrayList<>();
            if (task.system() != null) {
                messages.add(Message.of("system", render("system", task.system(), row, Map.of())));
            }
            for (Row example : before) {
                messages.add(Message.of("user", question(example)));
                messages.add(Message.of("assistant", target(example)));
            }
            messages.add(Message.of("user", question(row)));
            return Prompt.chat(messages);
        }
        StringBuilder text = new StringBuilder();
        for (Row example : before) {
            text.append(question(example)).append(task.delimiter()).append(target(example)).append(task.fewShot().separator());
        }
        return Prompt.text(text.append(question(row)).toString());
    }

    private String question(Row row) {
        return format == Format.CHAT && task.chatPrompt() != null ? render("chat_prompt", task.chatPrompt(), row, Map.of()) : render("prompt", task.prompt(), row, Map.of());
    }

    /// What an example is answered with.
    private String target(Row row) {
        if (task.target() != null) {
            return render("target", task.target(), row, Map.of());
        }
        if (task.metric() == Metric.MULTIPLE_CHOICE) {
            List<String> choices = choices(row);
            return choices.get(right(row, choices));
        }
        if (task.metric() == Metric.MULTIPLE_TRUE) {
            List<String> choices = choices(row);
            return choices.get(truths(row, choices).indexOf(true));
        }
        if (task.answer() == null) {
            throw new DataException("task " + task.name() + ": examples were asked for, and nothing says how they are answered; add target: a template of the answer");
        }
        return render("answer", task.answer(), row, Map.of());
    }

    private List<String> choices(Row row) {
        List<String> templates = task.choices();
        List<String> choices = new ArrayList<>();
        if (templates.size() == 1) {
            json("choices", templates.getFirst(), row).forEach(choice -> choices.add(choice.asString()));
        } else {
            for (int i = 0; i < templates.size(); i++) {
                choices.add(render("choices " + (i + 1), templates.get(i), row, Map.of()));
            }
        }
        for (int i = 0; i < choices.size(); i++) {
            if (choices.get(i).isEmpty()) {
                throw problem("choices", row, "choice " + (i + 1) + " is empty");
            }
        }
        return choices;
    }

    private int right(Row row, List<String> choices) {
        String answer = render("answer", task.answer(), row, Map.of()).strip();
        List<String> labels = new ArrayList<>();
        if (task.labels() != null) {
            json("labels", task.labels(), row).forEach(label -> labels.add(label.asString()));
            if (labels.size() != choices.size()) {
                throw problem("labels", row, labels.size() + " labels for " + choices.size() + " choices");
            }
        }
        int right = labels.contains(answer) ? labels.indexOf(answer) : labels.isEmpty() && answer.matches("\\d{1,6}") ? Integer.parseInt(answer) : choices.indexOf(answer);
        if (right < 0 || right >= choices.size()) {
            throw problem("answer", row, "\"" + answer + "\" is none of " + (labels.isEmpty() ? "the " + choices.size() + " choices, nor the index of one (from 0)" : "the labels " + labels));
        }
        return right;
    }

    private List<Boolean> truths(Row row, List<String> choices) {
        List<Boolean> truths = new ArrayList<>();
        json("labels", task.labels(), row).forEach(label -> truths.add(label.isBoolean() ? label.booleanValue() : label.isNumber() && label.doubleValue() != 0));
        if (truths.size() != choices.size() || !truths.contains(true)) {
            throw problem("labels", row, truths + " for " + choices.size() + " choices; expected one for each, and at least one true");
        }
        return truths;
    }

    private List<JsonNode> json(String key, String template, Row row) {
        String text = render(key, template, row, Map.of());
        try {
            JsonNode list = MAPPER.readTree(text);
            if (list.isArray() && !list.isEmpty()) {
                return List.copyOf(list.values());
            }
        } catch (JacksonException e) {
            throw problem(key, row, "the template must give a JSON list, use the filter tojson; it gave " + brief(text));
        }
        throw problem(key, row, "the template must give a JSON list with something in it; it gave " + brief(text));
    }

    private static String brief(String text) {
        return text.length() > 100 ? text.substring(0, 100) + "…" : text;
    }

    private DataException problem(String key, Row row, String problem) {
        return new DataException("task " + task.name() + ": " + key + ": at " + row.place() + ": " + problem);
    }

    /// A template with the fields of a row.
    String render(String key, String template, Row row, Map<String, ?> more) {
        Map<String, Object> variables = new LinkedHashMap<>(row.fields());
        variables.put("row", row.fields());
        variables.put("file", row.file());
        variables.putAll(more);
        try {
            return templates.computeIfAbsent(template, source -> Template.of(source).strict()).render(variables, Map.of()).chars();
        } catch (TemplateException e) {
            throw problem(key, row, e.problem() + "; the row has the fields " + String.join(", ", new TreeSet<>(row.fields().keySet())));
        }
    }

    /// The value of a template that the task may do without.
    Optional<String> renderIfGiven(String key, String template, Row row) {
        return Optional.ofNullable(template).map(given -> render(key, given, row, Map.of()));
    }
}
