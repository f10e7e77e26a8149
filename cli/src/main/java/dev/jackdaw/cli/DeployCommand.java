package dev.jackdaw.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// `jackdaw deploy`: models under names that stay while their versions change.
@Command(name = "deploy", synopsisSubcommandLabel = "ACTION", description = "Serve versions of a model under one name: make a deployment, look at it, promote a version, try one on a share of the users, go back, forget what was erased.",
        subcommands = {
            DeployCreateCommand.class,
            DeployListCommand.class,
            DeployPromoteCommand.class,
            DeployCanaryCommand.class,
            DeployRollbackCommand.class,
            DeployForgetCommand.class,
        })
final class DeployCommand implements Runnable {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Print this help.")
    private boolean help;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "deploy: say what to do: " + String.join(", ", spec.subcommands().keySet()));
    }
}
