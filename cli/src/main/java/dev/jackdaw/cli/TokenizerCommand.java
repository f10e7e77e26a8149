package dev.jackdaw.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `jackdaw tokenizer`: train one, use any, compare several.
@Command(name = "tokenizer", synopsisSubcommandLabel = "ACTION", description = "Train a tokenizer; turn text into token ids and back.",
        subcommands = {
            TokenizerTrainCommand.class,
            TokenizerEncodeCommand.class,
            TokenizerDecodeCommand.class,
            TokenizerCompareCommand.class,
        })
final class TokenizerCommand implements Runnable {
    static final String SOURCE = "A tokenizer.json, a tokenizer.model, a GGUF file, a Hugging Face folder, or the directory of a run.";

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Print this help.")
    private boolean help;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "tokenizer: say what to do: " + String.join(", ", spec.subcommands().keySet()));
    }
}
