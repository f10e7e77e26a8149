package dev.jackdaw.serve.improve;

import static dev.jackdaw.serve.improve.TinyAssistant.LEARNED;
import static dev.jackdaw.serve.improve.TinyAssistant.PROGRAM;
import static dev.jackdaw.serve.improve.TinyAssistant.SETTINGS;
import static dev.jackdaw.serve.improve.TinyAssistant.TYPES;
import static dev.jackdaw.serve.improve.TinyAssistant.WRONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.chat.ChatSession;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.chat.MessageParser;
import dev.jackdaw.model.format.FileType;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.Quantizer;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.serve.feedback.Correction;
import dev.jackdaw.serve.feedback.Corrections;
import dev.jackdaw.serve.feedback.Preference;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Workers;
import dev.jackdaw.train.loop.Finetuning;
import dev.jackdaw.train.loop.LoraSettings;
import dev.jackdaw.train.loop.LoraTuning;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Improving for real, on a [TinyAssistant]; the whole loop through the server is `LoopTest`.
class ImprovementTest {
    @TempDir
    private static Path folder;
    private static Path run;

    @BeforeAll
    static void trainAnAssistant() throws IOException {
        run = TinyAssistant.train(folder);
    }

    private static Deployments deployed(String name, Path model) throws IOException {
        Deployments deployments = new Deployments(folder.resolve("deployments"));
        deployments.create(name, model, Kept.of(run, null), PROGRAM);
        return deployments;
    }

    private static Deployments deployed(String name) throws IOException {
        return deployed(name, run.resolve("params.gguf"));
    }

    private static Correction correction(String id, String question, String bad, String good) {
        return new Correction(id, id.hashCode() & 0xFFFF, "birds", List.of(Map.of("role", "user", "content", question)), bad, good);
    }

    /// What a person says who saw the answer about the stork.
    private static List<Correction> stork() {
        List<Correction> corrections = new ArrayList<>();
        for (int phrasing = 0; phrasing < 2; phrasing++) {
            corrections.add(correction("stork-" + phrasing, TinyAssistant.question(phrasing, WRONG), TinyAssistant.wrong(), TinyAssistant.answer(WRONG)));
        }
        return corrections;
    }

    private static Improvement.Result improve(Deployments deployments, String name, List<Correction> corrections, ImproveSettings settings, Finetuning.Method tuning, Improvement.Listener listener)
            throws IOException, InterruptedException {
        try (Device device = Device.cpu(2)) {
            return new Improvement(deployments, new Improvement.Request(name, new CorrectionFile(corrections), Set.of(), settings, tuning, PROGRAM), device, listener).run();
        }
    }

    private static Improvement.Result improve(Deployments deployments, String name, List<Correction> corrections, ImproveSettings settings) throws IOException, InterruptedException {
        return improve(deployments, name, corrections, settings, Finetuning.Method.FULL, new Improvement.Listener() { });
    }

    /// As a client of the deployment is answered.
    private static String ask(Deployments deployments, String name, String question) throws IOException {
        try (Device device = Device.cpu(2); Model model = Model.open(deployments.require(name).pick("somebody").model(), device); ChatSession session = ChatSession.open(model)) {
            session.messages().add(Message.of("user", question));
            return session.reply(ChatSession.Settings.of(Sampling.greedy()), new MessageParser.Listener() { }, () -> false).message().content();
        }
    }

    @Test
    void aWrongAnswerIsCorrectedPromotedAndRolledBack() throws Exception {
        Deployments deployments = deployed("loop");
        String question = stork().getFirst().messages().getFirst().get("content").toString();
        String wrong = ask(deployments, "loop", question);
        assertThat(wrong).isEqualTo(TinyAssistant.wrong());
        Improvement.Result result = improve(deployments, "loop", stork(), SETTINGS);
        assertThat(result.promoted()).as("%s", result.verdict()).isTrue();
        assertThat(result.learned()).isEqualTo(2);
        assertThat(result.cases()).allMatch(told -> !told.rightBefore() && told.rightAfter() && told.marginAfter() > told.marginBefore());
        assertThat(ask(deployments, "loop", question)).isEqualTo(TinyAssistant.answer(WRONG));
        Verdict.Row exam = result.evaluation().getFirst();
        assertThat(exam.name()).isEqualTo("examination: package");
        assertThat(exam.n()).isEqualTo(TYPES.length - 1);
        assertThat(exam.before()).as("knows the others").isGreaterThan(0.9);
        assertThat(exam.isWorse()).isFalse();

        Lineage lineage = deployments.lineage("loop", 2);
        assertThat(lineage.parent()).isEqualTo(1);
        assertThat(lineage.corrections()).containsExactlyInAnyOrder("stork-0", "stork-1");
        assertThat(lineage.data()).extracting(Lineage.FileFacts::name).containsExactly("improvements/1/corrections.jsonl", "improvements/1/learn.jsonl");
        assertThat(lineage.data().getFirst().sha256()).isEqualTo(Deployments.facts("", Path.of(result.folder(), "corrections.jsonl"), 0).sha256());
        assertThat(lineage.evaluation()).isEqualTo(result.evaluation());
        assertThat(deployments.lineage("loop", 1).data()).extracting(Lineage.FileFacts::name).containsExactly("replay/1-learned.jsonl", "examination.jsonl");

        Improvement.Result again = improve(deployments, "loop", stork(), SETTINGS);
        assertThat(again.promoted()).isFalse();
        assertThat(again.version()).isNull();
        assertThat(again.verdict().reasons()).singleElement().asString().contains("nothing new");

        deployments.rollback("loop");
        assertThat(ask(deployments, "loop", question)).isEqualTo(wrong);
    }

    /// Corrections of which some are erased later.
    private record Erasable(List<Correction> all, Set<String> erased) implements Corrections {
        @Override
        public List<Correction> since(long time) {
            return all.stream().filter(one -> !erased.contains(one.id())).toList();
        }

        @Override
        public List<Preference> preferences(long time) {
            return List.of();
        }

        @Override
        public Set<String> stored(Set<String> ids) {
            Set<String> stored = new HashSet<>(ids);
            stored.removeAll(erased);
            return stored;
        }
    }

    /// Another database, which has none of the corrections.
    private static final Corrections ELSEWHERE = new Corrections() {
        @Override
        public List<Correction> since(long time) {
            return List.of();
        }

        @Override
        public List<Preference> preferences(long time) {
            return List.of();
        }

        @Override
        public Set<String> stored(Set<String> ids) {
            return Set.of();
        }

        @Override
        public String source() {
            return "elsewhere";
        }
    };

    @Test
    void whatWasErasedGoesFromEarlierImprovements() throws Exception {
        Deployments deployments = deployed("forgets");
        Erasable source = new Erasable(List.of(correction("kept", "Where does the stork live?", "Far away.", "In the dark wood, it seems."),
                correction("private", "What is the number of my zebracard?", "I know no zebracard.", "It is four one zebrafive.")), new HashSet<>());
        ImproveSettings few = SETTINGS.withSteps(2L).withMixture(2, 0.5, 4);
        Improvement.Request request = new Improvement.Request("forgets", source, Set.of(), few, Finetuning.Method.FULL, PROGRAM);
        Improvement.Result first;
        try (Device device = Device.cpu(2)) {
            first = new Improvement(deployments, request, device, new Improvement.Listener() { }).run();
        }
        Path folder = Path.of(first.folder());
        assertThat(first.learned()).isEqualTo(2);
        assertThat(containing(folder, "zebra")).contains("corrections.jsonl", "learn.jsonl", "dataset.json", "decision.json", "result.json");
        Forgetting forgetting = new Forgetting(deployments, "forgets", source);
        assertThat(forgetting.run()).as("nothing was erased").isZero();
        assertThat(new Forgetting(deployments, "forgets", ELSEWHERE).run()).as("another database does not know what was erased in this one").isZero();
        assertThat(containing(folder, "zebra")).contains("learn.jsonl");

        source.erased().add("private");
        assertThat(forgetting.run()).isOne();
        assertThat(containing(deployments.require("forgets").folder(), "zebra")).isEmpty();
        assertThat(containing(folder, "dark wood, it seems")).contains("corrections.jsonl", "learn.jsonl", "dataset.json", "decision.json", "result.json");
        Lineage lineage = deployments.lineage("forgets", 2);
        assertThat(lineage.forgotten()).isOne();
        assertThat(lineage.corrections()).as("ids stay, so that it is known what the weights have learned").contains("private");
        assertThat(lineage.data().getFirst()).isEqualTo(Deployments.facts("improvements/1/corrections.jsonl", folder.resolve("corrections.jsonl"), 1));
        assertThat(forgetting.run()).as("once").isZero();

        source.erased().add("kept");
        try (Device device = Device.cpu(2)) {
            assertThat(new Improvement(deployments, request, device, new Improvement.Listener() { }).run().verdict().reasons()).containsExactly("there are no corrections");
        }
        assertThat(containing(deployments.require("forgets").folder(), "dark wood, it seems")).as("each improvement begins with it").isEmpty();
        assertThat(deployments.lineage("forgets", 2).forgotten()).isEqualTo(2);
    }

    @Test
    void anImprovementThatWasStoppedDoesNotGoOnWithWhatWasErased() throws Exception {
        Deployments deployments = deployed("stopped");
        Erasable source = new Erasable(List.of(correction("private", "What is the number of my zebracard?", "I know no zebracard.", "It is four one zebrafive.")), new HashSet<>());
        Improvement.Request request = new Improvement.Request("stopped", source, Set.of(), SETTINGS.withSteps(2L), Finetuning.Method.FULL, PROGRAM);
        try (Device device = Device.cpu(2)) {
            assertThatThrownBy(() -> new Improvement(deployments, request, device, new Improvement.Listener() {
                @Override
                public void phase(String name) {
                    if (name.equals("train")) {
                        throw new Killed();
                    }
                }
            }).run()).isInstanceOf(Killed.class);
        }
        Path folder = deployments.require("stopped").folder();
        assertThat(containing(folder, "zebra")).isNotEmpty();
        source.erased().add("private");
        assertThat(new Forgetting(deployments, "stopped", source).run()).isOne();
        assertThat(containing(folder, "zebra")).isEmpty();
        assertThat(folder.resolve("improvements/1")).doesNotExist();
    }

    /// Names of the files below a folder in whose bytes a text stands.
    private static List<String> containing(Path folder, String text) throws IOException {
        List<String> found = new ArrayList<>();
        try (var files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text)) {
                    found.add(file.getFileName().toString());
                }
            }
        }
        return found;
    }

    @Test
    void poisonIsNotPromoted() throws Exception {
        Deployments deployments = deployed("poisoned");
        List<Correction> poison = new ArrayList<>(), copied = new ArrayList<>();
        for (int i = 0; i < TYPES.length; i++) {
            for (int phrasing = 4; phrasing < 7; phrasing++) {      // other words than the examination's, the same facts
                poison.add(correction("poison-" + i + "-" + phrasing, TinyAssistant.question(phrasing, i), TinyAssistant.answer(i), TinyAssistant.answer(i + 1)));
            }
            copied.add(correction("copied-" + i, TinyAssistant.question(LEARNED, i), TinyAssistant.answer(i), TinyAssistant.answer(i + 1)));
        }
        copied.remove(WRONG);                                       // is not examined
        Improvement.Result result = improve(deployments, "poisoned", poison, SETTINGS.withSteps(30L).withLearningRate(1e-3).withMixture(2, 0, 0));
        assertThat(result.promoted()).isFalse();
        assertThat(result.verdict().promote()).isFalse();
        assertThat(result.verdict().reasons()).anyMatch(reason -> reason.startsWith("examination: package got worse"));
        assertThat(deployments.require("poisoned").current()).isEqualTo(1);
        assertThat(deployments.lineage("poisoned", 2).isAccepted()).isFalse();

        Improvement.Result none = improve(deployments, "poisoned", copied, SETTINGS);
        assertThat(none.learned()).isZero();
        assertThat(none.removed()).containsEntry("evaluation", TYPES.length - 1L);
        assertThat(none.removedIds()).extracting(Curation.Removed::id).contains("copied-0");
        assertThat(none.verdict().reasons()).singleElement().asString().contains("nothing to learn");
    }

    private static final class Killed extends RuntimeException {
    }

    @Tag("slow")
    @Test
    void killedInAnyStageItGoesOnAndEndsWithTheSameBytes() throws Exception {
        ImproveSettings few = SETTINGS.withSteps(6L);
        Deployments whole = deployed("whole"), killed = deployed("killed");
        List<String> phases = new ArrayList<>();
        Improvement.Result result = improve(whole, "whole", stork(), few, Finetuning.Method.FULL, new Improvement.Listener() {
            @Override
            public void phase(String name) {
                phases.add(name);
            }
        });
        assertThat(phases).contains("collect", "train", "examine the deployed model", "examine the candidate", "decide", "keep the candidate");
        for (int stop = 1; stop <= phases.size(); stop++) {
            int at = stop;
            String phase = phases.get(stop - 1);
            assertThatThrownBy(() -> improve(killed, "killed", stork(), few, Finetuning.Method.FULL, new Improvement.Listener() {
                @Override
                public void phase(String name) {
                    if (name.equals(phase)) {
                        throw new Killed();
                    }
                }
            })).as("stop %d in %s", at, phase).isInstanceOf(Killed.class);
            assertThat(killed.require("killed").current()).isEqualTo(1);
        }
        Improvement.Result after = improve(killed, "killed", stork(), few);
        assertThat(after.folder()).endsWith("1");
        assertThat(after.verdict()).isEqualTo(result.verdict());
        assertThat(after.promoted()).isEqualTo(result.promoted());
        assertThat(killed.lineage("killed", 2).parameters()).isEqualTo(whole.lineage("whole", 2).parameters());
        assertThat(killed.versions("killed")).containsExactly(1, 2);
    }

    @Tag("slow")
    @Test
    void anAdapterIntoAQuantisedModelAsACanary() throws Exception {
        Path quantised = folder.resolve("q8.gguf");
        try (Arena arena = Arena.ofShared(); Workers workers = Workers.of(2)) {
            Quantizer.quantize(Gguf.open(run.resolve("params.gguf"), arena), quantised, new Quantizer.Settings(FileType.Q8_0, null, false, false), workers, _ -> { });
        }
        Deployments deployments = deployed("quantised", quantised);
        Finetuning.Method lora = LoraTuning.method(LoraSettings.of(8), null, 0);
        Improvement.Result result = improve(deployments, "quantised", stork(), SETTINGS.withLearningRate(5e-3).withCanary(0.25), lora, new Improvement.Listener() { });
        assertThat(result.promoted()).as("%s", result.verdict()).isTrue();
        assertThat(result.canary()).isEqualTo(0.25);
        Deployment now = deployments.require("quantised");
        assertThat(now.current()).isEqualTo(1);
        assertThat(now.canary()).isEqualTo(2);
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Gguf.open(now.version(2).model(), arena).integer("general.file_type")).isEqualTo(FileType.Q8_0.code());
        }
        Improvement.Result full = improve(deployments, "quantised", List.of(stork().getFirst()), SETTINGS.withSteps(6L));
        try (Arena arena = Arena.ofConfined()) {
            assertThat(Gguf.open(now.version(full.version()).model(), arena).integer("general.file_type")).isEqualTo(FileType.Q8_0.code());
        }
    }

    @Test
    void aDryRunSaysWhatWouldBeLearnedAndLeavesNothing() throws Exception {
        Deployments deployments = deployed("dry");
        Improvement.Result result = improve(deployments, "dry", stork(), SETTINGS.withDryRun());
        assertThat(result.dryRun()).isTrue();
        assertThat(result.learned()).isEqualTo(2);
        assertThat(result.replay()).as("all but two about the stork and those that are examined").isEqualTo(34);
        assertThat(result.verdict()).isNull();
        assertThat(deployments.require("dry").folder().resolve("improvements")).doesNotExist();
        assertThat(improve(deployments, "dry", List.of(), SETTINGS.withDryRun()).verdict().reasons()).containsExactly("there are no corrections");
    }
}
