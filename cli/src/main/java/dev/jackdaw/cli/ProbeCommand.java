package dev.jackdaw.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `jackdaw probe`: what goes on inside a model. Each experiment is a command of its own.
@Command(name = "probe", synopsisSubcommandLabel = "EXPERIMENT", description = "Look into a model: predictions after each layer, attention, how facts and texts are learned.",
        subcommands = {
            ProbeLensCommand.class,
            ProbeAttentionCommand.class,
            ProbeAllCommand.class,
            ProbeReversalCommand.class,
            ProbeMemorisationCommand.class,
        })
final class ProbeCommand implements Runnable {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Print this help.")
    private boolean help;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new picocli.CommandLine.ParameterException(spec.commandLine(), "probe: say what to look at: " + String.join(", ", spec.subcommands().keySet()));
    }
}
