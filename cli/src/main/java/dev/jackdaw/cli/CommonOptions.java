package dev.jackdaw.cli;

import dev.jackdaw.tensor.Switches;
import java.io.InputStream;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/// The options every command has, as a mixin. Also the way from a command to its streams.
@Command(showDefaultValues = true, sortOptions = false, usageHelpAutoWidth = false)
final class CommonOptions {
    @Option(names = "--json", order = 1000, description = "Print JSON on standard output and nothing else there.")
    private boolean json;

    @Option(names = "--threads", order = 1001, paramLabel = "N",
            description = "Threads that compute. Default: all processors.")
    private Integer threads;

    @Option(names = "--seed", order = 1002, paramLabel = "N",
            description = "Where randomness starts; the same seed gives the same result. Default: 0 to train, the clock to sample.")
    private Long seed;

    @Option(names = "--debug", order = 1003, description = "Show where in the program a failure happened.")
    private boolean debug;

    @Option(names = {"-h", "--help"}, order = 1004, usageHelp = true, description = "Print this help.")
    private boolean help;

    @Spec(Target.MIXEE)
    private CommandSpec spec;

    private Output output;

    Output output() {
        if (output == null) {
            output = new Output(spec.commandLine().getOut(), spec.commandLine().getErr(), json);
        }
        return output;
    }

    InputStream in() {
        return ((JackdawCommand) spec.root().userObject()).in();
    }

    /// What was typed after the name of this command.
    List<String> arguments() {
        List<String> all = spec.root().commandLine().getParseResult().originalArgs();
        int name = all.indexOf(spec.name());
        return all.subList(name + 1, all.size());
    }

    int threads() {
        if (threads == null) {
            return Switches.THREADS;
        }
        if (threads < 1 || threads > 1024) {
            throw wrong("--threads " + threads + ": give a number from 1 to 1024");
        }
        return threads;
    }

    /// The seed asked for, or `otherwise`.
    long seed(long otherwise) {
        return seed == null ? otherwise : seed;
    }

    /// Reads a TEXT or PROMPT argument: itself, `-` for standard input, `@FILE` for a file's content.
    String text(String argument) {
        return TextArgument.read(argument, in());
    }

    /// A wrong combination of options; ends the command with exit code 2.
    ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
