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
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.chat.AnswerBatches;
import dev.jackdaw.train.chat.AnswerEncoder;
import dev.jackdaw.train.chat.AnswerSet;
import dev.jackdaw.train.chat.Fault;
import dev.jackdaw.train.chat.Rejections;
import dev.jackdaw.train.data.DataException;
import dev.jackdaw.train.optim.OptimizerSettings;
import dev.jackdaw.train.report.Metrics;
import dev.jackdaw.train.report.StepMetrics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
            Finetuning.Result result = new Finetuning(request(out, settings(130, 8, 64), 0), device, new Finetuning.Listener() { }).run();
            assertThat(result.counts().conversations()).isEqualTo(20);
            assertThat(result.counts().rejected()).isZero();
            assertThat(result.heldOutBitsPerByte()).isNaN();
            List<StepMetrics> steps = Metrics.read(out.resolve("metrics.jsonl"));
            assertThat(steps).hasSize(130);
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

    private Finetuning.Result run(Path out, long seed, double heldOut, Path model, Path lines, boolean strict, Finetuning.Method method, Finetuning.Listener listener) throws IOException {
        try (Device device = Device.cpu(2)) {
            return new Finetuning(new Finetuning.Request(model, List.of(lines), out, heldOut, strict, null, settings(9, 2, 64), method, seed, PROGRAM), device, listener).run();
        }
    }

    private Finetuning.Result run(Path out, long seed, double heldOut, Path model, Path lines, boolean strict, Finetuning.Listener listener) throws IOException {
        return run(out, seed, heldOut, model, lines, strict, Finetuning.Method.FULL, listener);
    }

    private Finetuning.Result run(Path out, long seed, double heldOut, Finetuning.Listener listener) throws IOException {
        return run(out, seed, heldOut, base, data, true, listener);
    }

    private static final class Killed extends RuntimeException {
    }

    private enum Trained {
        ALL_WEIGHTS, LORA, DORA;

        /// An adapter's dropout is drawn anew each step, so it has to go on where it was.
        Finetuning.Method method(long seed) {
            return this == ALL_WEIGHTS ? Finetuning.Method.FULL : LoraTuning.method(new LoraSettings(4, 8, List.of(), false, this == DORA, 0.1), null, seed);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aKilledRunEndsWithTheSameBits(Trained trained, @TempDir Path folder) throws IOException {
        Path whole = folder.resolve("whole"), broken = folder.resolve("broken");
        Finetuning.Result result = run(whole, 1, 0.3, base, data, true, trained.method(1), new Finetuning.Listener() { });
        for (int kill : new int[] {1, 4, 8}) {                          // before the first checkpoint, and after some
            assertThatThrownBy(() -> run(broken, 1, 0.3, base, data, true, trained.method(1), new Finetuning.Listener() {
                @Override
                public void step(StepMetrics metrics, long steps) {
                    if (metrics.step() == kill) {
                        throw new Killed();
                    }
                }
            })).isInstanceOf(Killed.class);
        }
        List<Long> resumed = new ArrayList<>();
        Finetuning.Result again = run(broken, 1, 0.3, base, data, true, trained.method(1), new Finetuning.Listener() {
            @Override
            public void resumed(long step) {
                resumed.add(step);
            }
        });
        assertThat(resumed).containsExactly(7L);
        Path weights = trained == Trained.ALL_WEIGHTS ? result.written() : result.written().resolve("adapter_model.safetensors");
        assertThat(broken.resolve(whole.relativize(weights))).hasSameBinaryContentAs(weights);
        assertThat(losses(broken)).isEqualTo(losses(whole)).hasSize(10);
        assertThat(again.heldOutBitsPerByte()).isEqualTo(result.heldOutBitsPerByte()).isLessThan(result.before());
        assertThat(again.before()).isEqualTo(result.before());
        assertThat(result.counts().heldOut()).isBetween(2L, 10L);
        assertThat(result.counts().heldOut() + result.counts().conversations()).isEqualTo(20);
        Path other = folder.resolve("other");
        assertThat(run(other, 2, 0.3, base, data, true, trained.method(2), new Finetuning.Listener() { }).counts()).isEqualTo(result.counts());
        assertThat(Files.mismatch(weights, other.resolve(whole.relativize(weights)))).isNotEqualTo(-1);
    }

    private static List<Double> losses(Path run) throws IOException {
        return Metrics.read(run.resolve("metrics.jsonl")).stream().map(m -> m.step() == 0 ? m.heldOutBitsPerByte() : m.trainLoss()).toList();
    }

    @Test
    void aRunGoesOnOnlyWithWhatItBeganWith() throws IOException {
        Path out = folder.resolve("began");
        assertThatThrownBy(() -> run(out, 1, 0, new Finetuning.Listener() {
            @Override
            public void step(StepMetrics metrics, long steps) {
                throw new Killed();
            }
        })).isInstanceOf(Killed.class);
        Path less = Files.writeString(folder.resolve("less.jsonl"), Files.readString(data).lines().skip(1).reduce("", (a, b) -> a + b + "\n"));
        assertThatThrownBy(() -> run(out, 1, 0, base, less, true, new Finetuning.Listener() { })).isInstanceOf(IOException.class).hasMessageContaining("other conversations");
        Path other = folder.resolve("other-base.gguf");
        base(other, "quite another text");
        assertThatThrownBy(() -> run(out, 1, 0, other, data, true, new Finetuning.Listener() { })).isInstanceOf(IOException.class).hasMessageContaining("whose weights were others");
    }

    @Test
    void malformedLinesArePassedOverAndCounted() throws IOException {
        String line = "{\"question\": \"Tell me about the crow\", \"answer\": \"black\"}\n";
        Path lines = Files.writeString(folder.resolve("mixed.jsonl"), line + "{\"question\": \"q\", \"answer\": \"" + "long ".repeat(200) + "\"}\n{\n" + line);
        List<String> told = new ArrayList<>();
        Finetuning.Result result = run(folder.resolve("mixed"), 1, 0, base, lines, false, new Finetuning.Listener() {
            @Override
            public void rejected(Rejections.Rejection rejection) {
                told.add(rejection.line() + " " + rejection.fault());
            }
        });
        assertThat(told).containsExactly("2 TOO_LONG", "3 NOT_JSON");
        assertThat(result.counts().reasons()).isEqualTo(Map.of(Fault.TOO_LONG, 1L, Fault.NOT_JSON, 1L));
        assertThat(result.counts().conversations()).isEqualTo(2);
        assertThatThrownBy(() -> run(folder.resolve("strict"), 1, 0, base, lines, true, new Finetuning.Listener() { })).isInstanceOf(DataException.class).hasMessageContaining("line 2: too long");
        Path none = Files.writeString(folder.resolve("none.jsonl"), "{\"text\": \"q\"}\n");
        assertThatThrownBy(() -> run(folder.resolve("none"), 1, 0, base, none, false, new Finetuning.Listener() { })).isInstanceOf(DataException.class)
                .hasMessageContaining("no conversations to learn from").hasMessageContaining("1 unknown form");
    }

    /// Side by side in a row or each in its own, conversations have the same losses and gradients: they do not see each other.
    @Test
    void packedIsUnpacked() {
        ModelSpec spec = ModelSpec.plain("qwen3", 80, 2, 64, 2, 1, 32, 96, 64, 1e-6f, 10_000, true, true);
        SplittableRandom random = new SplittableRandom(4);
        List<AnswerSet> single = new ArrayList<>();
        AnswerSet.Builder all = new AnswerSet.Builder(_ -> 1);
        for (int length : new int[] {25, 18, 21}) {
            BitSet trained = new BitSet();
            trained.set(length / 3, length - 4);
            List<AnswerEncoder.Sequence> sequences = List.of(new AnswerEncoder.Sequence(random.ints(length, 0, 80).toArray(), trained));
            AnswerSet.Builder one = new AnswerSet.Builder(_ -> 1);
            one.add(sequences);
            single.add(one.build());
            all.add(sequences);
        }
        AnswerBatches packed = AnswerBatches.examination(all.build(), 64);
        assertThat(packed.rows()).isEqualTo(1);
        try (Device device = Device.cpu(2); Trainer together = new Trainer(plain(spec, 1), device); Trainer apart = new Trainer(plain(spec, 3), device)) {
            apart.weights().data().copyFrom(together.weights().data());
            together.fill(batch -> packed.next(batch.ids().address(), batch.targets().address(), batch.starts().address(), 1));
            apart.fill(batch -> {
                for (int row = 0; row < 3; row++) {
                    AnswerBatches.examination(single.get(row), 64).next(batch.ids().address() + 256L * row, batch.targets().address() + 256L * row, batch.starts().address() + 256L * row, 1);
                }
            });
            double one = together.gradients(0.1f), three = apart.gradients(0.1f);
            assertThat(one).isCloseTo(three, within(1e-4));
            double[] a = Arrays.stream(boxed(together.losses())).filter(x -> x != 0).sorted().toArray(), b = Arrays.stream(boxed(apart.losses())).filter(x -> x != 0).sorted().toArray();
            assertThat(a).hasSize(17 - 4 + 12 - 4 + 14 - 4).hasSameSizeAs(b);
            for (int i = 0; i < a.length; i++) {
                assertThat(a[i]).isCloseTo(b[i], within(1e-5));
            }
            for (long i = 0; i < together.weights().gradients().elements(); i++) {
                assertThat(together.weights().gradients().get(i)).isCloseTo(apart.weights().gradients().get(i), within(1e-5f));
            }
        }
    }

    private static TrainSettings plain(ModelSpec spec, int batch) {
        return new TrainSettings(spec, 3, 1, batch, 64, batch, OptimizerSettings.adamW(1e-3, 0), 0, 0, 1, false, 1, 1, 1);
    }

    private static double[] boxed(Tensor tensor) {
        float[] all = tensor.toFloats();
        double[] wide = new double[all.length];
        Arrays.setAll(wide, i -> all[i]);
        return wide;
    }
}
