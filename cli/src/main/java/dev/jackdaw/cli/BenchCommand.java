package dev.jackdaw.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `jackdaw bench`: measurements on this machine, as a table and as JSON. Each kind is a command of its own.
@Command(name = "bench", synopsisSubcommandLabel = "KIND", description = "Measure this machine: matrix products, kernels, training steps, models, many clients of a model.",
        subcommands = {
            BenchMatMulCommand.class,
            BenchTrainCommand.class,
            BenchRunCommand.class,
            BenchKernelCommand.class,
            BenchServeCommand.class,
        })
final class BenchCommand implements Runnable {
    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Print this help.")
    private boolean help;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new picocli.CommandLine.ParameterException(spec.commandLine(), "bench: say what to measure: "
                + String.join(", ", spec.subcommands().keySet()));
    }
}
