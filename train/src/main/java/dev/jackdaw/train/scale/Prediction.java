package dev.jackdaw.train.scale;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// What a law says of a run before it begins: `prediction.json` in the run's directory, written once.
///
/// @param made          when, as ISO 8601 in UTC; the only clock value of a sweep
/// @param law           fingerprint of the law
/// @param model         that will be trained
/// @param parameters    counted as the law counts
/// @param tokens        it will see
/// @param operations    of the training
/// @param extrapolation operations over those of the largest run the law was fitted to
/// @param loss          nats per token
/// @param interval      of the loss
/// @param confidence    of the interval
/// @param bitsPerByte   the loss in other words
/// @param heldOutTokens how many of the held-out tokens it is about, from the beginning
/// @param hash          SHA-256 of all the above, so that a later change shows
public record Prediction(String made, String law, ModelSpec model, double parameters, long tokens, double operations, double extrapolation, double loss,
                         Interval interval, double confidence, double bitsPerByte, long heldOutTokens, String hash) {
    /// What came of it: `prediction-check.json`.
    ///
    /// @param hash           of the prediction
    /// @param loss           measured, nats per token
    /// @param bitsPerByte    measured
    /// @param error          measured over predicted, less 1
    /// @param insideInterval whether the interval holds it
    public record Check(String hash, double predicted, double loss, double bitsPerByte, double error, boolean insideInterval) {
        public static Optional<Check> read(Path run) throws IOException {
            Path file = run.resolve(CHECK);
            return Files.exists(file) ? Optional.of(JSON.readValue(Files.readAllBytes(file), Check.class)) : Optional.empty();
        }

        public void write(Path run) throws IOException {
            AtomicFile.write(run.resolve(CHECK), JSON.writeValueAsString(this) + "\n");
        }
    }

    private static final String FILE = "prediction.json";
    private static final String CHECK = "prediction-check.json";
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /// @param made now
    public static Prediction of(FittedLaw law, ModelSpec model, long tokens, double operations, String made) {
        double loss = law.loss(model, tokens);
        return new Prediction(made, law.fingerprint(), model, law.counting().of(model, law.recipe().context()), tokens, operations, operations / law.range().mostOperations(), loss,
                law.interval(model, tokens), law.confidence(), law.text().bitsPerByte(loss), law.text().heldOutTokens(), "").sealed();
    }

    private Prediction sealed() {
        return new Prediction(made, law, model, parameters, tokens, operations, extrapolation, loss, interval, confidence, bitsPerByte, heldOutTokens, sealOf());
    }

    private String sealOf() {
        return FittedLaw.sha256(JSON.writeValueAsString(new Prediction(made, law, model, parameters, tokens, operations, extrapolation, loss, interval, confidence, bitsPerByte, heldOutTokens, "")));
    }

    /// The prediction of a run, if there is one; refused if it was changed since it was made.
    public static Optional<Prediction> read(Path run) throws IOException {
        Path file = run.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            Prediction prediction = JSON.readValue(Files.readAllBytes(file), Prediction.class);
            if (!prediction.sealOf().equals(prediction.hash)) {
                throw new IOException(file + ": its hash does not fit its content, so it was changed after it was made; delete " + run + " to predict and train anew");
            }
            return Optional.of(prediction);
        } catch (JacksonException e) {
            throw new IOException(file + ": " + e.getOriginalMessage() + "; delete " + run + " to predict and train anew", e);
        }
    }

    public void write(Path run) throws IOException {
        AtomicFile.write(run.resolve(FILE), JSON.writeValueAsString(this) + "\n");
    }

    /// @param measured bits per byte of the same tokens
    public Check check(double measured, double natsPerToken) {
        return new Check(hash, loss, natsPerToken, measured, natsPerToken / loss - 1, interval != null && interval.contains(natsPerToken));
    }
}
