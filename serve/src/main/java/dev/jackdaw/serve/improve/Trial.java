package dev.jackdaw.serve.improve;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.chat.ChatTemplate;
import dev.jackdaw.model.chat.ChatTemplates;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.assistant.Examination;
import dev.jackdaw.train.assistant.Exercise;
import dev.jackdaw.train.data.TokenShard;
import dev.jackdaw.train.eval.BitsPerByte;
import dev.jackdaw.train.eval.Difference;
import dev.jackdaw.train.eval.Examinee;
import dev.jackdaw.train.eval.ModelExaminee;
import dev.jackdaw.train.eval.Prompt;
import dev.jackdaw.train.eval.Scores;
import dev.jackdaw.train.eval.TaskFiles;
import dev.jackdaw.train.eval.TaskSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleConsumer;
import java.util.stream.Collectors;

/// The questions that the deployed model and the candidate are both asked: the fixed ones and the collected ones.
final class Trial {
    private static final int WINDOW = 1024;
    /// Learned cases that are asked on the way, see [#learned].
    private static final int ASKED = 64;

    private final List<Exercise> exercises;
    private final Path text;
    private final List<Mixture.Reminder> reminders;
    private final List<Curation.Case> learned;
    private final List<Curation.Case> heldOut;
    private final List<TaskSpec> tasks;
    private final ImproveSettings settings;

    /// @param exercises of the examination; empty if there is none
    /// @param text      or null
    Trial(List<Exercise> exercises, Path text, List<Mixture.Reminder> reminders, List<Curation.Case> learned, List<Curation.Case> heldOut, List<TaskSpec> tasks, ImproveSettings settings) {
        this.exercises = exercises;
        this.text = text;
        this.reminders = reminders;
        this.learned = learned;
        this.heldOut = heldOut;
        this.tasks = tasks;
        this.settings = settings;
    }

    static List<TaskSpec> tasks(ImproveSettings settings) throws IOException {
        List<TaskSpec> tasks = new ArrayList<>();
        for (String name : settings.tasks()) {
            TaskSpec task = TaskFiles.read(name);
            dev.jackdaw.train.eval.Examination.sandbox(task);              // what cannot work is said before anything is computed
            tasks.add(task);
        }
        return tasks;
    }

    static dev.jackdaw.train.eval.Examination.Options options(TaskSpec task, ImproveSettings settings) {
        List<Path> folders = new ArrayList<>(settings.dataFolders().stream().map(Path::of).toList());
        if (task.folder() != null) {
            folders.add(task.folder());
        }
        return new dev.jackdaw.train.eval.Examination.Options(folders, settings.limit(), null, settings.format(), null, null, null, settings.seed());
    }

    /// The first so many of each group.
    static List<Exercise> first(List<Exercise> all, int each) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        return each == 0 ? all : all.stream().filter(exercise -> counts.merge(exercise.group(), 1, Integer::sum) <= each).toList();
    }

    /// @param answers folder where the answers to tasks are kept, so that a stopped trial goes on
    Marks of(Path parameters, Path answers, Device device, DoubleConsumer progress) throws IOException, InterruptedException {
        Map<String, Marks.Mark> fixed = new LinkedHashMap<>(), collected = new LinkedHashMap<>();
        try (Model model = Model.open(parameters, device)) {
            ChatTemplate template = ChatTemplates.read(parameters).orElseThrow(() -> new IOException("improve: " + parameters + " has no chat template, so it cannot be asked"));
            if (!exercises.isEmpty()) {
                examine(model, template, fixed, done -> progress.accept(0.6 * done));
            }
            progress.accept(0.6);
            if (text != null) {
                try (TokenShard shard = TokenShard.open(text); BitsPerByte examination = new BitsPerByte(model.forward(), Math.min(WINDOW, model.spec().context()))) {
                    BitsPerByte.Result result = examination.measure(shard, 0, settings.textTokens(), done -> progress.accept(0.6 + 0.2 * done));
                    fixed.put("bits per byte of held-out text", Marks.Mark.of(true, result.bitsPerByte(), result.perWindow()));
                }
            }
            ModelExaminee examinee = new ModelExaminee(model);             // not closed: the model is ours
            if (!reminders.isEmpty()) {
                fixed.put("nats per token of earlier answers", reminders(examinee));
            }
            for (TaskSpec task : tasks) {
                Scores scores = new dev.jackdaw.train.eval.Examination(task, examinee, options(task, settings)).run(answers.resolve(task.name() + ".jsonl"), _ -> { });
                Map.Entry<String, Scores.Score> main = scores.metrics().entrySet().iterator().next();
                fixed.put(task.name() + " " + main.getKey(), Marks.Mark.of(false, main.getValue().value(), main.getValue().items()));
            }
            progress.accept(0.9);
            List<Marks.Answer> own = cases(examinee, learned, false), other = cases(examinee, heldOut, true);
            List<Marks.Answer> all = new ArrayList<>(own);
            all.addAll(other);
            collected.put(Marks.EXACT, exact(all));
            collected.put(Marks.MARGIN, margin(all));
            if (!other.isEmpty()) {
                collected.put(Marks.EXACT_HELD_OUT, exact(other));
                collected.put(Marks.MARGIN_HELD_OUT, margin(other));
            }
            progress.accept(1);
            return new Marks(fixed, collected, all);
        }
    }

    /// What a model answers to the corrections it is to learn, the latest where there are many. Nothing fixed is asked.
    List<Marks.Answer> learned(Path parameters, Device device) throws IOException, InterruptedException {
        try (Model model = Model.open(parameters, device)) {
            return cases(new ModelExaminee(model), learned.subList(Math.max(0, learned.size() - ASKED), learned.size()), false);
        }
    }

    private void examine(Model model, ChatTemplate template, Map<String, Marks.Mark> fixed, DoubleConsumer progress) {
        Map<String, List<Examination.Answer>> groups = new LinkedHashMap<>();
        for (Examination.Answer answer : new Examination(model.forward(), model.tokenizer(), template).answers(exercises, progress)) {
            groups.computeIfAbsent(answer.exercise().group(), _ -> new ArrayList<>()).add(answer);
        }
        groups.forEach((name, answers) -> {
            double[] items = answers.stream().mapToDouble(answer -> answer.isRight() ? 1 : 0).toArray();
            fixed.put("examination: " + name, new Marks.Mark(false, Arrays.stream(items).average().orElseThrow(), items, isGuess(answers, items)));
        });
    }

    /// Whether the answers to questions about facts are not surely more often right than the commonest of the right ones would be, given each time.
    private boolean isGuess(List<Examination.Answer> answers, double[] items) {
        if (!answers.getFirst().exercise().isFact()) {
            return false;
        }
        Map<String, Long> counts = answers.stream().collect(Collectors.groupingBy(answer -> answer.exercise().expected(), LinkedHashMap::new, Collectors.counting()));
        String commonest = Collections.max(counts.entrySet(), Map.Entry.comparingByValue()).getKey();
        double[] constant = answers.stream().mapToDouble(answer -> answer.exercise().expected().equals(commonest) ? 1 : 0).toArray();
        return Difference.of(constant, items, settings.seed()).interval().low() <= 0;
    }

    private Marks.Mark reminders(ModelExaminee examinee) {
        double[] nats = new double[reminders.size()];
        examinee.judge(reminders.stream().map(one -> new Examinee.Question(prompt(one.messages()), List.of(one.answer()))).toList(),
                (i, result) -> nats[i] = result == null ? 0 : -result.getFirst().logprob() / result.getFirst().tokens());
        return Marks.Mark.of(true, Arrays.stream(nats).average().orElseThrow(), nats);
    }

    private List<Marks.Answer> cases(ModelExaminee examinee, List<Curation.Case> cases, boolean isHeldOut) throws InterruptedException {
        if (cases.isEmpty()) {
            return List.of();
        }
        String[] written = new String[cases.size()];
        double[] margins = new double[cases.size()];
        examinee.write(cases.stream().map(one -> new Examinee.Writing(prompt(one.messages()), settings.maxTokens(), Sampling.greedy(), List.of())).toList(),
                (i, result) -> written[i] = result == null ? "" : result.text());
        examinee.judge(cases.stream().map(one -> new Examinee.Question(prompt(one.messages()), one.bad() == null ? List.of(one.good()) : List.of(one.good(), one.bad()))).toList(),
                (i, result) -> margins[i] = result == null ? 0 : result.getFirst().logprob() - (result.size() > 1 ? result.get(1).logprob() : 0));
        List<Marks.Answer> answers = new ArrayList<>();
        for (int i = 0; i < written.length; i++) {
            answers.add(new Marks.Answer(cases.get(i).id(), isHeldOut, written[i].strip(), Words.key(written[i]).equals(Words.key(cases.get(i).good())), margins[i]));
        }
        return answers;
    }

    private static Marks.Mark exact(List<Marks.Answer> answers) {
        return Marks.Mark.rate(answers.stream().mapToDouble(answer -> answer.isExact() ? 1 : 0).toArray());
    }

    private static Marks.Mark margin(List<Marks.Answer> answers) {
        return Marks.Mark.rate(answers.stream().mapToDouble(Marks.Answer::margin).toArray());
    }

    private static Prompt prompt(List<Map<String, Object>> messages) {
        return Prompt.chat(messages.stream().map(Trial::message).toList());
    }

    private static Message message(Map<String, Object> map) {
        List<Message.ToolCall> calls = new ArrayList<>();
        if (map.get("tool_calls") instanceof List<?> list) {
            for (Object entry : list) {
                if (entry instanceof Map<?, ?> call && call.get("function") instanceof Map<?, ?> function) {
                    Object arguments = function.get("arguments");
                    calls.add(new Message.ToolCall(call.get("id") instanceof String id ? id : null, String.valueOf(function.get("name")),
                            arguments instanceof String text ? text : Deployments.JSON.writeValueAsString(arguments)));
                }
            }
        }
        return new Message((String) map.get("role"), String.valueOf(map.get("content")), map.get("reasoning_content") instanceof String thought ? thought : null, calls);
    }
}
