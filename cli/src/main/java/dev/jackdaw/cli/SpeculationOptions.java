package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.generate.DraftModel;
import dev.jackdaw.model.generate.Drafter;
import dev.jackdaw.model.generate.Predictor;
import dev.jackdaw.model.generate.PromptLookup;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.generate.Speculation;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/// Who guesses ahead of the model, for `run` and `chat`.
final class SpeculationOptions {
    private static final String LOOKUP = "lookup";

    @Option(names = "--speculate", order = 80, paramLabel = "DRAFT", description = "Guess ahead: with a smaller model of the same tokenizer, or with what stands earlier in the text (lookup). The result is the same, it may come faster.",
            showDefaultValue = Visibility.NEVER)
    private String draft;

    @Option(names = "--draft-tokens", order = 81, paramLabel = "N", defaultValue = "8", description = "Tokens to guess at once, at most.")
    private int most;

    void check(CommonOptions common) {
        if (most < 1 || most > 64) {
            throw common.wrong("--draft-tokens " + most + ": give 1 to 64");
        }
    }

    /// How to ask the model; closes what it opened beside it.
    Asked open(Model model, Device device, Predictor predictor, Sampling sampling) throws IOException {
        if (draft == null) {
            return new Asked(predictor, null, null);
        }
        if (draft.equals(LOOKUP)) {
            Speculation speculation = new Speculation(predictor, new PromptLookup(), sampling, most);
            return new Asked(speculation, speculation, null);
        }
        Model small = Model.open(Path.of(draft), device);
        try {
            DraftModel.requireSameVocabulary(model, small);
            Drafter drafter = new DraftModel(Predictor.of(small.forward()));
            Speculation speculation = new Speculation(predictor, drafter, sampling, most);
            return new Asked(speculation, speculation, small);
        } catch (RuntimeException e) {
            small.close();
            throw e;
        }
    }

    /// @param speculation null without a draft
    record Asked(Predictor predictor, Speculation speculation, Model draft) implements AutoCloseable {
        /// For `--json`; null without a draft.
        Speculation.Statistics statistics() {
            return speculation == null ? null : speculation.statistics();
        }

        @Override
        public void close() {
            if (draft != null) {
                draft.close();
            }
        }
    }
}
