package dev.jackdaw.cli;

import dev.jackdaw.tensor.kernel.Kernels;
import dev.jackdaw.tensor.kernel.asm.MachineCode;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// The root of the command line: the list of commands, and how one run begins and ends.
@Command(name = "jackdaw",
        synopsisSubcommandLabel = "COMMAND",
        description = "Builds, runs and measures language models on the JVM.")
public final class JackdawCommand implements Runnable {
    /// In the order of `--help`. Reading the annotations of all of them takes a fifth of a second, so a run builds only the one it needs.
    private static final List<Class<?>> COMMANDS = List.of(
            SpeedrunCommand.class,
            PretrainCommand.class, FinetuneCommand.class, PreferCommand.class, RewardCommand.class, ScaleCommand.class,
            TokenizerCommand.class,
            DataCommand.class,
            ServeCommand.class,
            ChatCommand.class,
            RunCommand.class,
            NextCommand.class,
            TemplateCommand.class,
            DreamCommand.class,
            LogitsCommand.class,
            EmbedCommand.class,
            RerankCommand.class,
            EvalCommand.class,
            ExportCommand.class,
            ImportCommand.class,
            QuantizeCommand.class,
            MergeCommand.class,
            PullCommand.class,
            ListCommand.class,
            RemoveCommand.class,
            CopyCommand.class,
            DeployCommand.class, ImproveCommand.class,
            ReportCommand.class,
            ShowCommand.class,
            DoctorCommand.class,
            ProbeCommand.class,
            BenchCommand.class,
            WarmUpCommand.class);

    /// Commands for which machine code is prepared while the command line is still being read.
    private static final Set<String> RUN_MODELS = Set.of("run", "chat", "next", "logits", "embed", "rerank", "probe");

    @Option(names = {"-V", "--version"}, description = "Print the version and the Java it runs on.")
    private boolean version;

    @Option(names = {"-h", "--help"}, usageHelp = true, description = "Print this help.")
    private boolean help;

    @Spec
    private CommandSpec spec;

    private final InputStream in;

    JackdawCommand(InputStream in) {
        this.in = in;
    }

    public static void main(String[] args) {
        Runnable ready = () -> { };
        if (!isVersionQuestion(args)) {          // a version number must not wait for it
            var restored = new FutureTask<Void>(StandardError::restore, null);
            Thread.ofPlatform().daemon().name("jackdaw-start").start(() -> {
                restored.run();
                if (args.length > 0 && RUN_MODELS.contains(args[0])) {
                    MachineCode.current();
                    Kernels.choose();
                }
            });
            ready = () -> await(restored);
        }
        int exitCode = run(ready, System.in, new FileOutputStream(FileDescriptor.out), new FileOutputStream(FileDescriptor.err), args);
        System.exit(exitCode);
    }

    private static void await(FutureTask<Void> task) {
        try {
            task.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Runs one command line. Tests call this with streams of their own. What we write is UTF-8, whatever the locale.
    ///
    /// @return 0 done, 1 failed, 2 wrong usage
    static int run(InputStream in, OutputStream out, OutputStream err, String... args) {
        return run(() -> { }, in, out, err, args);
    }

    /// @param ready waits for what was begun beside the reading of annotations; before the first word is written
    private static int run(Runnable ready, InputStream in, OutputStream out, OutputStream err, String... args) {
        var outWriter = new PrintWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8), false);
        var errWriter = new PrintWriter(new OutputStreamWriter(err, StandardCharsets.UTF_8), true);
        try {
            if (isVersionQuestion(args)) {          // the call that scripts make most often does not wait for the parser either
                outWriter.println(versionLine());
                return 0;
            }
            CommandLine line;
            try {
                line = commandLine(in, args).setOut(outWriter).setErr(errWriter);
            } finally {
                ready.run();
            }
            return line.execute(args);
        } finally {
            outWriter.flush();
            errWriter.flush();
        }
    }

    private static boolean isVersionQuestion(String[] args) {
        return args.length == 1 && (args[0].equals("--version") || args[0].equals("-V"));
    }

    /// With all commands, or with the one that `args` begins with.
    static CommandLine commandLine(InputStream in, String... args) {
        CommandLine line = new CommandLine(new JackdawCommand(in));
        Optional<Class<?>> asked = args.length == 0 ? Optional.empty()
                : COMMANDS.stream().filter(command -> command.getAnnotation(Command.class).name().equals(args[0])).findFirst();
        for (Class<?> command : asked.<List<Class<?>>>map(List::of).orElse(COMMANDS)) {
            line.addSubcommand(command);
        }
        return line
                .setParameterExceptionHandler(Failures::wrongUsage)
                .setExecutionExceptionHandler(Failures::failed)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExpandAtFiles(false)          // @FILE is text for a model here, not more options
                .setColorScheme(CommandLine.Help.defaultColorScheme(
                        Output.isTerminal(1) ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF))
                .setUsageHelpAutoWidth(false)
                .setUsageHelpWidth(110);
    }

    @Override
    public void run() {
        if (version) {
            spec.commandLine().getOut().println(versionLine());
        } else {
            spec.commandLine().usage(spec.commandLine().getOut());
        }
    }

    /// Standard input, as this run was given it.
    InputStream in() {
        return in;
    }

    static String versionLine() {
        return "jackdaw " + version() + " (Java " + System.getProperty("java.runtime.version") + ", "
                + System.getProperty("os.name") + " " + System.getProperty("os.arch") + ")";
    }

    static String version() {
        try (InputStream file = JackdawCommand.class.getResourceAsStream("version.properties")) {
            var properties = new Properties();
            properties.load(file);
            return properties.getProperty("version");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The commit these sources are at, read from the folder the launcher found them in; empty where there is no repository.
    static String commit() {
        String home = System.getProperty("jackdaw.home", "");
        try {
            Path git = Path.of(home, ".git");
            String head = Files.readString(git.resolve("HEAD")).strip();
            return head.startsWith("ref: ") ? Files.readString(git.resolve(head.substring(5))).strip() : head;
        } catch (IOException e) {
            return "";
        }
    }
}
