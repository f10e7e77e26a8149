package dev.jackdaw.train.report;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The run's diary, `metrics.jsonl`: one JSON object a line, one line a step, only ever added to.
///
/// Each line reaches the operating system before [#append] returns, so killing the process loses nothing that was reported; at most the
/// last line is torn, by a crash of the machine or a full disk. Readers pass over a torn last line, and a resumed run cuts the diary back to
/// its checkpoint with [#resume] before it goes on, so every step stands there once.
public final class Metrics implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static final Set<String> USUAL = Set.of("step", "tokens", "seconds", "trainLoss", "heldOutBitsPerByte", "learningRate", "gradientNorm", "tokensPerSecond", "gflops");

    private final Path file;
    private final FileChannel channel;

    private Metrics(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /// A new, empty diary; one that is there already is emptied.
    public static Metrics create(Path file) throws IOException {
        return new Metrics(file, FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING));
    }

    /// Continues a diary after `step`: lines of later steps and a torn last line are cut off. A missing file is an empty diary.
    public static Metrics resume(Path file, long step) throws IOException {
        long keep = 0;
        if (Files.exists(file)) {
            for (Line line : lines(file)) {
                if (line.metrics.step() > step) {
                    break;
                }
                keep = line.end;
            }
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            channel.truncate(keep);
            channel.position(keep);
            channel.force(true);
            return new Metrics(file, channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /// Every complete line, in file order.
    public static List<StepMetrics> read(Path file) throws IOException {
        List<StepMetrics> steps = new ArrayList<>();
        for (Line line : lines(file)) {
            steps.add(line.metrics);
        }
        return steps;
    }

    public void append(StepMetrics metrics) throws IOException {
        byte[] line = (JSON.writeValueAsString(toJson(metrics)) + "\n").getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.wrap(line);
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    public Path file() {
        return file;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    /// @param end the file offset just behind the line's newline
    private record Line(StepMetrics metrics, long end) {
    }

    private static List<Line> lines(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        List<Line> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] != '\n') {
                continue;
            }
            boolean isLast = i == bytes.length - 1;
            try {
                lines.add(new Line(fromJson(JSON.readTree(bytes, start, i - start)), i + 1L));
            } catch (JacksonException | IllegalArgumentException e) {
                if (isLast) {
                    break;       // after a machine crash the last block of a file can hold zeros or an old page: torn as well
                }
                throw new IOException(file + ": line " + (lines.size() + 1) + " is not a metrics line: " + firstLine(e)
                        + "; expected an object with step, tokens, seconds, trainLoss, …; remove the line, or cut the file there", e);
            }
            start = i + 1;
        }
        return lines;
    }

    private static ObjectNode toJson(StepMetrics m) {
        ObjectNode json = JSON.createObjectNode();
        json.put("step", m.step());
        json.put("tokens", m.tokens());
        put(json, "seconds", m.seconds());
        put(json, "trainLoss", m.trainLoss());
        if (m.isEvaluated()) {
            put(json, "heldOutBitsPerByte", m.heldOutBitsPerByte());
        }
        put(json, "learningRate", m.learningRate());
        put(json, "gradientNorm", m.gradientNorm());
        put(json, "tokensPerSecond", m.tokensPerSecond());
        put(json, "gflops", m.gflops());
        m.more().forEach((name, value) -> put(json, name, value));
        return json;
    }

    private static void put(ObjectNode json, String name, double value) {
        if (Double.isFinite(value)) {
            json.put(name, value);
        } else {
            json.putNull(name);      // JSON knows no NaN
        }
    }

    private static StepMetrics fromJson(JsonNode json) {
        if (!json.path("step").isIntegralNumber() || !json.path("tokens").isIntegralNumber()) {
            throw new IllegalArgumentException("step and tokens must be whole numbers");
        }
        return new StepMetrics(json.get("step").asLong(), json.get("tokens").asLong(), number(json, "seconds"), number(json, "trainLoss"),
                number(json, "heldOutBitsPerByte"), number(json, "learningRate"), number(json, "gradientNorm"),
                number(json, "tokensPerSecond"), number(json, "gflops"), more(json));
    }

    private static Map<String, Double> more(JsonNode json) {
        Map<String, Double> more = new TreeMap<>();
        json.properties().stream().filter(field -> !USUAL.contains(field.getKey())).forEach(field -> more.put(field.getKey(), number(json, field.getKey())));
        return more;
    }

    private static double number(JsonNode json, String name) {
        JsonNode value = json.path(name);
        return value.isNumber() ? value.asDouble() : Double.NaN;
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
    }
}
