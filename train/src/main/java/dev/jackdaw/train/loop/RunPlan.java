package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.train.report.Machine;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// `run.json`: all that is needed to repeat a run bit by bit, and where it was made. Nothing in it is a clock value, so the model that
/// carries its facts does not depend on when it was made.
///
/// @param name     what the run is called
/// @param settings of the training
/// @param data     which text, and what its tokens are
/// @param program  what computed
/// @param machine  where; does not influence the result beyond the vector width
/// @param base     what a finetuning began with; null for a model from nothing
/// @param assistant the stage after pretraining, or null
public record RunPlan(String name, TrainSettings settings, Data data, Program program, Machine machine, Base base, Assistant assistant) {
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .changeDefaultPropertyInclusion(inclusion -> inclusion.withValueInclusion(JsonInclude.Include.NON_NULL)).build();

    /// Stands where a model will stand that JSON cannot describe.
    private static final ModelSpec ANY_MODEL = ModelSpec.plain("llama", 1, 1, 2, 1, 1, 2, 1, Integer.MAX_VALUE, 1e-6f, 10_000, false, true);

    /// The plan of a model from nothing.
    public RunPlan(String name, TrainSettings settings, Data data, Program program, Machine machine) {
        this(name, settings, data, program, machine, null, null);
    }

    /// The plan of a finetuning.
    public RunPlan(String name, TrainSettings settings, Data data, Program program, Machine machine, Base base) {
        this(name, settings, data, program, machine, base, null);
    }

    /// From base model to assistant.
    ///
    /// @param readTokens    pretraining keeps to documents of so many tokens, so that what is asked stood in files it read whole; 0: all
    /// @param conversations to learn from
    /// @param settings      of the finetuning
    public record Assistant(long readTokens, int conversations, FinetuneSettings settings) {
    }

    /// @param model       as given
    /// @param fingerprint of its weights
    /// @param template    the chat template, whole
    /// @param heldOut     share of the conversations that are kept for examination
    /// @param tuning      what moves: `full`, or the adapter and its settings
    public record Base(String model, String fingerprint, String template, double heldOut, String tuning) {
    }

    /// @param sources            as given: `jdk`, folders, files
    /// @param vocabulary         of the tokenizer, special tokens included
    /// @param tokenizer          its fingerprint
    /// @param trainFingerprint   of the tokens learned from
    /// @param heldOutFingerprint of the tokens kept for examination
    /// @param trainTokens        how many there are to learn from
    /// @param trainBytes         of text they stand for
    /// @param bytesPerToken      of that text
    public record Data(List<String> sources, int vocabulary, String tokenizer, String trainFingerprint, String heldOutFingerprint,
                       long trainTokens, long trainBytes, double bytesPerToken) {
    }

    /// @param version of Jackdaw
    /// @param commit  of its sources, where known
    /// @param kernels that computed
    public record Program(String version, String commit, String java, String kernels) {
    }

    public static RunPlan read(Path file) throws IOException {
        return read(file, null);
    }

    /// The plan of a finetuning, whose model is described by its own file.
    ///
    /// @param model as that file has it; null: as the plan has it
    static RunPlan read(Path file, ModelSpec model) throws IOException {
        try {
            JsonNode tree = JSON.readTree(Files.readAllBytes(file));
            if (model != null && tree.path("settings") instanceof ObjectNode settings) {
                settings.set("model", JSON.valueToTree(ANY_MODEL));
            }
            RunPlan plan = JSON.treeToValue(tree, RunPlan.class);
            return model == null || plan.settings == null ? plan : new RunPlan(plan.name, plan.settings.withModel(model), plan.data, plan.program, plan.machine, plan.base);
        } catch (JacksonException e) {
            throw new IOException("plan " + file + ": " + e.getOriginalMessage() + "; expected the run.json of an earlier run", e);
        }
    }

    public void write(Path run) throws IOException {
        AtomicFile.write(run.resolve("run.json"), JSON.writeValueAsString(this) + "\n");
    }
}
