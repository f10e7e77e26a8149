package dev.jackdaw.train.sweep;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.train.loop.Dial;
import dev.jackdaw.train.loop.RunPlan;
import dev.jackdaw.train.loop.TrainSettings;
import dev.jackdaw.train.report.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// `scale.json`: which models a sweep trains, counted in steps and tokens; nothing in it is a clock value. The same plan on the same text
/// gives the same losses.
///
/// @param data             which text, and what its tokens are
/// @param heldOutTokens    of the held-out tokens each model is measured on so many, from the beginning
/// @param bytesPerToken    of the held-out text
/// @param points           in the order of training, smallest budget first
/// @param largerOperations of the run that checks the law; its size is chosen by the law
/// @param shrinkable       the larger run may be made smaller when time runs short
/// @param bootstraps       draws for the intervals
/// @param hours            for everything
/// @param choices          what the user fixed of the recipe
/// @param command          that made the plan
public record SweepPlan(RunPlan.Data data, long heldOutTokens, double bytesPerToken, List<Point> points, double largerOperations, boolean shrinkable, int bootstraps, double hours,
                        Dial.Choices choices, String command, RunPlan.Program program, Machine machine) {
    /// One model to train.
    ///
    /// @param budget operations that all models of its profile take, up to whole steps
    public record Point(String name, double budget, TrainSettings settings) {
        ModelSpec model() {
            return settings.model();
        }
    }

    /// What came of a point: `result.json` in its folder.
    ///
    /// @param loss    nats per token of the held-out tokens
    /// @param seconds of training
    public record Result(double loss, double bitsPerByte, long heldOutTokens, double seconds) {
        static Result read(Path folder) throws IOException {
            return SweepPlan.read(folder.resolve(RESULT), Result.class);
        }

        void write(Path folder) throws IOException {
            AtomicFile.write(folder.resolve(RESULT), JSON.writeValueAsString(this) + "\n");
        }
    }

    static final String FILE = "scale.json";
    static final String RESULT = "result.json";
    static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

    public static SweepPlan read(Path file) throws IOException {
        SweepPlan plan = read(file, SweepPlan.class);
        if (plan.points == null || plan.points.isEmpty() || plan.data == null || plan.choices == null) {
            throw new IOException(file + ": it names no points, no data or no choices; expected the scale.json of a sweep");
        }
        return plan;
    }

    private static <T> T read(Path file, Class<T> type) throws IOException {
        try {
            return JSON.readValue(Files.readAllBytes(file), type);
        } catch (JacksonException e) {
            throw new IOException(file + ": " + e.getOriginalMessage() + "; delete it to begin that part anew", e);
        }
    }

    void write(Path directory) throws IOException {
        AtomicFile.write(directory.resolve(FILE), JSON.writeValueAsString(this) + "\n");
    }

    /// Of all points.
    public double operations() {
        return points.stream().mapToDouble(point -> point.settings.flops()).sum();
    }

    public double largestBudget() {
        return points.stream().mapToDouble(Point::budget).max().orElseThrow();
    }
}
