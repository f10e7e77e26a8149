package dev.jackdaw.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.ModelExport;
import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.chat.ChatSession;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.chat.MessageParser;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.token.BpeTrainer;
import dev.jackdaw.model.token.BytePairTokenizer;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.optim.OptimizerSettings;
import dev.jackdaw.train.report.Metrics;
import dev.jackdaw.train.report.StepMetrics;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A tiny model learns twenty answers by heart, and everything that a run promises.
class FinetuningTest {
    private static final RunPlan.Program PROGRAM = new RunPlan.Program("test", "", "25", "");
    private static final String[] THINGS = {"crow", "wren", "rook", "magpie", "finch", "robin", "swift", "stork", "heron", "eagle",
        "pigeon", "thrush", "dove", "owl", "kite", "lark", "tern", "gull", "duck", "swan"};
    private static final String[] ANSWERS = {"black", "brown and small", "in a colony", "black and white", "it sings", "a red breast", "all summer", "on the roof", "by the river", "the mountain",
        "a grey one", "in the garden", "white, for peace", "at night", "a fork in its tail", "high above", "from pole to pole", "by the sea", "on the pond", "a long neck"};

    @TempDir
    private static Path folder;
    private static Path base;
    private static Path data;

    @BeforeAll
    static void write() throws IOException {
        base = folder.resolve("base.gguf");
        StringBuilder lines = new StringBuilder(), text = new StringBuilder();
        for (int i = 0; i < THINGS.length; i++) {
            lines.append("{\"instruction\": \"Tell me about the ").append(THINGS[i]).append("\", \"output\": \"").append(ANSWERS[i]).append("\"}\n");
            text.append("Tell me about the ").append(THINGS[i]).append(": ").append(ANSWERS[i]).append("\nuser assistant ");
        }
        data = Files.writeString(folder.resolve("birds.jsonl"), lines);
        base(base, text.toString());
    }

    private static void base(Path file, String text) throws IOException {
        BytePairTokenizer tokenizer = new BytePairTokenizer(BpeTrainer.train(List.of(text.getBytes(StandardCharsets.UTF_8)),
                BpeTrainer.Settings.of(256 + 100 + SpecialTokens.names().size(), 1), BpeTrainer.Progress.none()).spec());
        ModelSpec spec = ModelSpec.plain("qwen3", tokenizer.vocabularySize(), 2, 64, 2, 1, 32, 128, 128, 1e-6f, 10_000, true, true);
        TrainSettings settings = new TrainSettings(spec, 3, 1, 1, 64, 1, OptimizerSettings.adamW(1e-3, 0), 0, 0, 1, false, 1, 1, 1);
        try (Device device = Device.cpu(1); Trainer trainer = new Trainer(settings, device)) {
            FlatWeights weights = trainer.weights();
            ModelExport.gguf(file, "base", spec, name -> weights.entry(name).data(), tokenizer, SpecialTokens.CHAT_TEMPLATE, Map.of(), DType.F32);
        }
    }

    private static Finetuning.Request request(Path out, FinetuneSettings settings, double heldOut) {
        return new Finetuning.Request(base, List.of(data), out, heldOut, true, null, settings, Finetuning.Method.FULL, 5, PROGRAM);
    }

    private static FinetuneSettings settings(long steps, int batch, int context) {
        return new FinetuneSettings(null, steps, context, batch, null, null, 3e-3, null, null, null, null);
    }

    @Test
    void learnsTwentyAnswersByHeart() throws IOException {
        Path out = folder.resolve("heart");
        try (Device device = Device.cpu(2)) {
            Finetuning.Result result = new Finetuning(request(out, settings(150, 4, 128), 0), device, new Finetuning.Listener() { }).run();
            assertThat(result.counts().conversations()).isEqualTo(20);
            assertThat(result.counts().rejected()).isZero();
            assertThat(result.heldOutBitsPerByte()).isNaN();
            List<StepMetrics> steps = Metrics.read(out.resolve("metrics.jsonl"));
            assertThat(steps).hasSize(150);
            assertThat(steps.getLast().trainLoss()).isLessThan(0.05);
            int right = 0;
            try (Model model = Model.open(out, device)) {
                for (int i = 0; i < THINGS.length; i++) {
                    try (ChatSession session = ChatSession.open(model)) {
                        session.messages().add(Message.of("user", "Tell me about the " + THINGS[i]));
                        ChatSession.Reply reply = session.reply(ChatSession.Settings.of(Sampling.greedy()), new MessageParser.Listener() { }, () -> false);
                        right += reply.message().content().equals(ANSWERS[i]) && reply.result().finishReason() == Generator.FinishReason.STOP ? 1 : 0;
                    }
                }
            }
            assertThat(right).isEqualTo(20);
        }
        assertThat(out.resolve("report.html")).exists();
        assertThat(out.resolve("tokenizer.json")).exists();
        assertThat(Files.readString(out.resolve("samples.jsonl"))).contains("Tell me about the crow");
    }
}
