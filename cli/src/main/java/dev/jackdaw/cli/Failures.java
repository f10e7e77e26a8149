package dev.jackdaw.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/// Turns whatever went wrong into one sentence on standard error and an exit code: 1 failed, 2 wrong usage.
final class Failures {
    static final int FAILED = 1;
    static final int WRONG_USAGE = 2;

    private Failures() {
    }

    /// The arguments do not fit the command.
    static int wrongUsage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        command.getErr().println("jackdaw: " + usageMessage(e) + "\nTry: " + command.getCommandSpec().qualifiedName() + " --help");
        if (wantsTrace(args)) {
            e.printStackTrace(command.getErr());
        }
        return WRONG_USAGE;
    }

    private static String usageMessage(ParameterException e) {
        if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
            String first = unmatched.getUnmatched().getFirst();
            String kind = first.startsWith("-") ? "unknown option "
                    : e.getCommandLine().getSubcommands().isEmpty() ? "unexpected argument " : "unknown command ";
            String name = first.contains("=") ? first.substring(0, first.indexOf('=')) : first;
            List<String> suggestions = Spelling.nearest(name, known(e.getCommandLine(), first.startsWith("-")));
            return kind + name + (suggestions.isEmpty() ? "" : "; did you mean " + String.join(" or ", suggestions) + "?");
        }
        return oneLine(e.getMessage());
    }

    private static List<String> known(CommandLine command, boolean options) {
        return options ? command.getCommandSpec().optionsMap().keySet().stream().filter(name -> name.startsWith("--")).toList()
                : command.getSubcommands().entrySet().stream().filter(e -> !e.getValue().getCommandSpec().usageMessage().hidden())
                        .map(Map.Entry::getKey).toList();
    }

    /// The command began and could not finish.
    static int failed(Exception e, CommandLine command, ParseResult parsed) {
        PrintWriter err = command.getErr();
        if (e instanceof ParameterException wrong) {
            return wrongUsage(wrong, parsed.originalArgs().toArray(String[]::new));
        }
        if (e instanceof Output.ReaderLeft) {
            return FAILED;                        // whoever read our output knows that it left
        }
        err.println("jackdaw: " + message(e));
        if (wantsTrace(parsed.originalArgs().toArray(String[]::new))) {
            e.printStackTrace(err);
        }
        return FAILED;
    }

    /// One sentence for `thrown`. Our own exceptions already carry one; those of the JDK often carry only a file name.
    static String message(Throwable thrown) {
        return switch (thrown) {
            case UncheckedIOException e -> message(e.getCause());
            case ExecutionException e when e.getCause() != null -> message(e.getCause());
            case NoSuchFileException e -> "no such file: " + e.getFile();
            case AccessDeniedException e -> "not allowed to open " + e.getFile();
            case FileAlreadyExistsException e -> "already exists: " + e.getFile();
            case NotDirectoryException e -> "not a folder: " + e.getFile();
            case DirectoryNotEmptyException e -> "folder not empty: " + e.getFile();
            case FileSystemException e when e.getReason() != null -> e.getFile() + ": " + e.getReason();
            case FileNotFoundException e -> "cannot open " + oneLine(e.getMessage());
            case IOException e when e.getMessage() != null -> oneLine(e.getMessage());
            case IllegalArgumentException e when e.getMessage() != null -> oneLine(e.getMessage());
            case IllegalStateException e when e.getMessage() != null -> oneLine(e.getMessage());
            case UnsupportedOperationException e when e.getMessage() != null -> oneLine(e.getMessage());
            case RuntimeException e when e.getMessage() != null && e.getClass().getName().startsWith("dev.jackdaw.") -> oneLine(e.getMessage());
            case OutOfMemoryError e -> "out of memory (" + oneLine(e.getMessage()) + "); the Java heap may take "
                    + Runtime.getRuntime().maxMemory() / (1 << 20) + " MB, give more with JACKDAW_JAVA_OPTS=-Xmx8g";
            default -> "unexpected " + thrown.getClass().getSimpleName() + ": " + oneLine(thrown.getMessage())
                    + "; --debug shows where, please report it";
        };
    }

    private static boolean wantsTrace(String[] args) {
        return System.getenv("JACKDAW_DEBUG") != null || List.of(args).contains("--debug");
    }

    private static String oneLine(String message) {
        return message == null ? "(no message)" : message.strip().replaceAll("\\s*\\R\\s*", "; ");
    }
}
