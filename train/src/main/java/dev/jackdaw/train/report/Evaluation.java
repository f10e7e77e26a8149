package dev.jackdaw.train.report;

import java.util.List;

/// The finished model against the held-out documents, and what its parameters weigh; the content of `evaluation.json`.
///
/// @param bitsPerByte    the model's code length of the held-out documents, each on its own, in bits per byte of text
/// @param documents      held-out documents
/// @param bytes          their text, as UTF-8
/// @param tokens         the same in tokens
/// @param trainingBytes  text the model could learn from, each byte counted once
/// @param trainingTokens the same in tokens
/// @param parameters     numbers the model consists of
/// @param files          what they weigh in each format
/// @param baselines      compressors on the same held-out documents
public record Evaluation(double bitsPerByte, long documents, long bytes, long tokens, long trainingBytes, long trainingTokens, long parameters,
                         List<FileSize> files, List<Baselines.Baseline> baselines) {
    public Evaluation {
        files = files == null ? List.of() : List.copyOf(files);
        baselines = baselines == null ? List.of() : List.copyOf(baselines);
    }

    /// @param format `F32`, `F16`, `Q8_0`, …
    public record FileSize(String format, long bytes) {
    }
}
