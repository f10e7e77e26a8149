package dev.jackdaw.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `jackdaw data`: from raw text to what training reads.
@Command(name = "data", synopsisSubcommandLabel = "ACTION", description = "Look at text, clean it, remove duplicates, turn it into token shards.",
        subcommands = {
            DataStatsCommand.class,
            DataCleanCommand.class,
            DataDedupCommand.class,
            DataTokenizeCommand.class,
            DataPairsCommand.class,
        })
final class DataCommand implements Runnable {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Print this help.")
    private boolean help;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "data: say what to do: " + String.join(", ", spec.subcommands().keySet()));
    }
}
