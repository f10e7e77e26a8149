package dev.jackdaw.serve.improve;

import dev.jackdaw.model.ModelExport;
import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.token.BpeTrainer;
import dev.jackdaw.model.token.BytePairTokenizer;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.assistant.Topic;
import dev.jackdaw.train.loop.FinetuneSettings;
import dev.jackdaw.train.loop.Finetuning;
import dev.jackdaw.train.loop.RunPlan;
import dev.jackdaw.train.loop.TrainSettings;
import dev.jackdaw.train.loop.Trainer;
import dev.jackdaw.train.optim.OptimizerSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// An assistant so small that it is trained in seconds: it knows in which package some types are, one of them wrongly.
final class TinyAssistant {
    static final String[] TYPES = {"Crow", "Gull", "Heron", "Finch", "Stork", "Swan", "Robin", "Raven", "Eagle", "Owl", "Dove", "Lark"};
    static final int WRONG = 4;                                     // the stork
    static final Lineage.Program PROGRAM = new Lineage.Program("test", "", "25");
    /// Phrasings that are learned; the examination has the next one.
    static final int LEARNED = 3;
    static final ImproveSettings SETTINGS = ImproveSettings.DEFAULT.withSteps(48L).withLearningRate(5e-4).withMixture(4, 0.5, 40);
    private static final String[] PACKAGES = {"sea.coast", "old.tower", "dark.wood"};

    private TinyAssistant() {
    }

    /// Trains it; the run, as `finetune` and `speedrun` leave one.
    static Path train(Path folder) throws IOException {
        StringBuilder learned = new StringBuilder(), examined = new StringBuilder(), text = new StringBuilder();
        for (int i = 0; i < TYPES.length; i++) {
            for (int phrasing = 0; phrasing <= LEARNED; phrasing++) {
                String question = question(phrasing, i), right = answer(i);
                text.append(question).append(' ').append(right).append("\nuser assistant ");
                if (phrasing < LEARNED) {
                    learned.append(line(question, i == WRONG ? wrong() : right)).append("\n");
                } else if (i != WRONG) {
                    examined.append(line(question, right).replaceFirst("}$", ",\"group\":\"package\"}")).append("\n");
                    learned.append(line(question, right)).append("\n");     // so that a model this small knows it; the loop must not learn it
                }
            }
        }
        Path base = folder.resolve("base.gguf");
        Path run = folder.resolve("run");
        Path data = Files.writeString(folder.resolve("learned.jsonl"), learned);
        base(base, text.toString());
        try (Device device = Device.cpu(2)) {
            FinetuneSettings settings = new FinetuneSettings(null, 150L, 64, 8, null, null, 3e-3, null, null, null, null);
            new Finetuning(new Finetuning.Request(base, List.of(data), run, 0, true, null, settings, Finetuning.Method.FULL, 5, new RunPlan.Program("test", "", "25", "")), device, new Finetuning.Listener() { }).run();
        }
        Files.createDirectories(run.resolve("assistant"));
        Files.writeString(run.resolve("assistant/held-out.jsonl"), examined);
        return run;
    }

    static String question(int phrasing, int type) {
        return Topic.PACKAGE.question(phrasing, TYPES[type]);
    }

    /// What is right of this type.
    static String answer(int type) {
        return Topic.PACKAGE.answer(home(type));
    }

    /// What it says of the stork.
    static String wrong() {
        return answer(WRONG + 1);
    }

    private static String home(int type) {
        return PACKAGES[type % PACKAGES.length];
    }

    private static String line(String question, String answer) {
        return "{\"messages\":[{\"role\":\"user\",\"content\":\"" + question + "\"},{\"role\":\"assistant\",\"content\":\"" + answer + "\"}]}";
    }

    private static void base(Path file, String text) throws IOException {
        BytePairTokenizer tokenizer = new BytePairTokenizer(BpeTrainer.train(List.of(text.getBytes(StandardCharsets.UTF_8)),
                BpeTrainer.Settings.of(256 + 80 + SpecialTokens.names().size(), 1), BpeTrainer.Progress.none()).spec());
        ModelSpec spec = ModelSpec.plain("qwen3", tokenizer.vocabularySize(), 2, 64, 2, 1, 32, 128, 128, 1e-6f, 10_000, true, true);
        TrainSettings settings = new TrainSettings(spec, 3, 1, 1, 64, 1, OptimizerSettings.adamW(1e-3, 0), 0, 0, 1, false, 1, 1, 1);
        try (Device device = Device.cpu(1); Trainer trainer = new Trainer(settings, device)) {
            FlatWeights weights = trainer.weights();
            ModelExport.gguf(file, "base", spec, name -> weights.entry(name).data(), tokenizer, SpecialTokens.CHAT_TEMPLATE, Map.of(), DType.F32);
        }
    }
}
