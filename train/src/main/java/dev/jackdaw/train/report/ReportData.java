package dev.jackdaw.train.report;

import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.train.assistant.AssistantResult;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// Everything a report is made of, and the plain files of a run directory it is read from:
///
/// | file              | content                                                          | written by            |
/// |-------------------|------------------------------------------------------------------|-----------------------|
/// | `run.json`        | every setting; its object `machine` is a [Machine]               | the trainer           |
/// | `metrics.jsonl`   | a [StepMetrics] a line                                           | [Metrics]             |
/// | `samples.jsonl`   | a [Sample] a line                                                | [#appendSample]       |
/// | `evaluation.json` | the final [Evaluation]                                           | [#writeEvaluation]    |
/// | `assistant.json`  | an [AssistantResult]                                             | the assistant's stage |
///
/// A run that is still going, or was killed, has only some of them; the report shows what there is. Only `run.json` must exist.
///
/// @param name          what the run is called
/// @param settings      the whole of `run.json`
/// @param machine       `null` if unknown
/// @param bytesPerToken of the training text, which turns nats per token into bits per byte; `NaN` if unknown
/// @param samples       oldest first
/// @param evaluation    `null` before the end
/// @param assistant     what the examination of an assistant found; `null` if there is none
public record ReportData(String name, JsonNode settings, Machine machine, double bytesPerToken, List<StepMetrics> metrics, List<Sample> samples,
                         Evaluation evaluation, AssistantResult assistant) {
    private static final JsonMapper JSON = JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES).build();
    private static final JsonMapper PRETTY = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    public ReportData {
        metrics = List.copyOf(metrics);
        samples = List.copyOf(samples);
    }

    /// A run without an assistant.
    public ReportData(String name, JsonNode settings, Machine machine, double bytesPerToken, List<StepMetrics> metrics, List<Sample> samples, Evaluation evaluation) {
        this(name, settings, machine, bytesPerToken, metrics, samples, evaluation, null);
    }

    /// Reads a run directory. The training text's bytes per token are taken from the evaluation, before there is one from
    /// `data.bytesPerToken` in `run.json`.
    public static ReportData read(Path run) throws IOException {
        Path settingsFile = run.resolve("run.json");
        if (!Files.exists(settingsFile)) {
            throw new IOException("report: " + run + " has no run.json; give the directory of a training run");
        }
        JsonNode settings = parse(settingsFile, JsonNode.class);
        JsonNode machineJson = settings.path("machine");
        Machine machine;
        try {
            machine = machineJson.isObject() ? JSON.treeToValue(machineJson, Machine.class) : null;
        } catch (JacksonException e) {
            throw new IOException(settingsFile + ": machine: " + e.getOriginalMessage(), e);
        }
        Path metricsFile = run.resolve("metrics.jsonl");
        Path evaluationFile = run.resolve("evaluation.json");
        Evaluation evaluation = Files.exists(evaluationFile) ? parse(evaluationFile, Evaluation.class) : null;
        double bytesPerToken = evaluation != null && evaluation.trainingTokens() > 0
                ? (double) evaluation.trainingBytes() / evaluation.trainingTokens()
                : settings.at("/data/bytesPerToken").asDouble(0) > 0 ? settings.at("/data/bytesPerToken").asDouble() : Double.NaN;
        String name = settings.path("name").asString(run.toAbsolutePath().normalize().getFileName().toString());
        return new ReportData(name, settings, machine, bytesPerToken, Files.exists(metricsFile) ? Metrics.read(metricsFile) : List.of(),
                readSamples(run), evaluation, AssistantResult.read(run));
    }

    /// Does the run teach a model that was there before to answer?
    boolean isFinetuning() {
        return settings.path("base").isObject();
    }

    /// Did the run learn from comparisons of answers? Then its loss is of those, and steps say how many were right.
    boolean isComparing() {
        return metrics.stream().anyMatch(m -> m.more().containsKey("accuracy"));
    }

    /// Adds a line to `samples.jsonl`.
    public static void appendSample(Path run, Sample sample) throws IOException {
        Path file = run.resolve("samples.jsonl");
        String line = startOfLine(file) + JSON.writeValueAsString(sample) + "\n";
        // getBytes turns halves of surrogate pairs into question marks, where Files.writeString would refuse the text
        Files.write(file, line.getBytes(StandardCharsets.UTF_8), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /// The lines of `samples.jsonl`. A resumed run may write a sample once more: the later one counts. A torn line is passed over.
    public static List<Sample> readSamples(Path run) throws IOException {
        Path file = run.resolve("samples.jsonl");
        if (!Files.exists(file)) {
            return List.of();
        }
        record Key(long step, String prompt) {
        }
        Map<Key, Sample> samples = new LinkedHashMap<>();
        for (String line : new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\n")) {
            try {
                Sample sample = JSON.readValue(line, Sample.class);
                samples.put(new Key(sample.step(), sample.prompt()), sample);
            } catch (JacksonException _) {
                // torn by a crash; a sample is no loss
            }
        }
        List<Sample> ordered = new ArrayList<>(samples.values());
        ordered.sort((a, b) -> Long.compare(a.step(), b.step()));
        return ordered;
    }

    public static void writeEvaluation(Path run, Evaluation evaluation) throws IOException {
        AtomicFile.write(run.resolve("evaluation.json"), PRETTY.writeValueAsString(evaluation) + "\n");
    }

    private static <T> T parse(Path file, Class<T> type) throws IOException {
        try {
            return JSON.readValue(Files.readAllBytes(file), type);
        } catch (JacksonException e) {
            throw new IOException(file + ": " + e.getOriginalMessage() + (e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr())
                    + "; expected the JSON that the trainer writes", e);
        }
    }

    /// A newline if the file ends in a torn line, so that the next one starts clean.
    private static String startOfLine(Path file) throws IOException {
        if (!Files.exists(file) || Files.size(file) == 0) {
            return "";
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer last = ByteBuffer.allocate(1);
            channel.read(last, channel.size() - 1);
            return last.get(0) == '\n' ? "" : "\n";
        }
    }
}
