package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// A model and the prompt it is probed with, as a mixin of the commands that look at one.
final class ProbedPrompt {
    @Mixin
    private ActivationOptions activations;

    @Mixin
    private LoraOptions lora;

    @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file, a Hugging Face folder, or the directory of a training run.")
    private Path path;

    @Parameters(index = "1", arity = "0..1", paramLabel = "PROMPT", description = "The text to look at; - reads standard input, @FILE a file.")
    private String prompt;

    @Option(names = "--ids", paramLabel = "IDS", description = "Token ids to look at, instead of a text.", showDefaultValue = Visibility.NEVER)
    private String ids;

    @Option(names = {"-o", "--out"}, paramLabel = "FILE", description = "Write a page, one HTML file that fetches nothing.", showDefaultValue = Visibility.NEVER)
    private Path out;

    /// What a command does with the model and the ids of the prompt.
    @FunctionalInterface
    interface Look {
        void at(Model model, int[] ids) throws IOException;
    }

    void look(CommonOptions common, Look look) throws IOException {
        if ((prompt == null) == (ids == null)) {
            throw common.wrong("give a PROMPT or --ids, one of them");
        }
        try (Device device = activations.exactUnlessAsked(common); Model model = Model.openToRun(path, device)) {
            model.forward().note().ifPresent(note -> common.output().note("%s", note));
            lora.apply(model, common);
            look.at(model, ids != null ? TokenIds.parse(ids, common) : RunCommand.promptIds(model, common.text(prompt)));
        }
    }

    boolean hasOut() {
        return out != null;
    }

    /// What the page calls the model.
    String name() {
        return path.toAbsolutePath().normalize().getFileName().toString();
    }

    void write(String page, Output output) throws IOException {
        AtomicFile.write(out, page);
        output.note("wrote %s", out);
    }
}
