package dev.jackdaw.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/// Where `chat` gets its lines from: a terminal with editing and history, or any stream.
///
/// A message may have several lines: a line that ends with a backslash goes on in the next one, and a line `"""` begins a block that
/// ends with another.
interface ChatInput extends AutoCloseable {
    /// One line; null at the end of the input.
    String line(String prompt);

    /// Calls `action` when the user presses Ctrl-C outside of a line.
    void onInterrupt(Runnable action);

    @Override
    void close();

    static ChatInput of(InputStream in) {
        if (in == System.in && Output.isTerminal(0) && Output.isTerminal(1)) {
            try {
                return new OfTerminal();
            } catch (IOException | RuntimeException | LinkageError e) {
                return new OfStream(in);                  // no editing, but a conversation
            }
        }
        return new OfStream(in);
    }

    /// A whole message; null at the end of the input.
    default String message(String prompt) {
        String line = line(prompt);
        if (line == null) {
            return null;
        }
        StringBuilder message = new StringBuilder();
        if (line.strip().equals("\"\"\"")) {
            for (line = line("… "); line != null && !line.strip().equals("\"\"\""); line = line("… ")) {
                message.append(message.isEmpty() ? "" : "\n").append(line);
            }
            return message.toString();
        }
        while (line != null && line.endsWith("\\")) {
            message.append(line, 0, line.length() - 1).append('\n');
            line = line("… ");
        }
        return message.append(line == null ? "" : line).toString();
    }

    /// Lines without prompts.
    final class OfStream implements ChatInput {
        private final BufferedReader reader;

        OfStream(InputStream in) {
            reader = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        }

        @Override
        public String line(String prompt) {
            try {
                return reader.readLine();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void onInterrupt(Runnable action) {
        }

        @Override
        public void close() {
        }
    }

    /// A terminal; the history is kept in the user's folder. Ctrl-C takes back what stands in the line, and leaves where nothing does.
    final class OfTerminal implements ChatInput {
        private final Terminal terminal;
        private final LineReader reader;

        OfTerminal() throws IOException {
            terminal = TerminalBuilder.builder().system(true).dumb(true).build();
            String given = System.getenv("JACKDAW_HOME");
            Path home = given == null || given.isEmpty() ? Path.of(System.getProperty("user.home"), ".jackdaw") : Path.of(given);
            LineReaderBuilder builder = LineReaderBuilder.builder().terminal(terminal).option(LineReader.Option.DISABLE_EVENT_EXPANSION, true);
            try {
                Files.createDirectories(home);
                builder.variable(LineReader.HISTORY_FILE, home.resolve("chat_history"));
            } catch (IOException e) {
                builder.variable(LineReader.HISTORY_SIZE, 500);        // of this conversation only
            }
            reader = builder.build();
        }

        @Override
        public String line(String prompt) {
            while (true) {
                try {
                    return reader.readLine(prompt);
                } catch (UserInterruptException e) {
                    if (e.getPartialLine() == null || e.getPartialLine().isEmpty()) {
                        return null;
                    }
                } catch (EndOfFileException e) {
                    return null;
                }
            }
        }

        @Override
        public void onInterrupt(Runnable action) {
            terminal.handle(Terminal.Signal.INT, _ -> action.run());
        }

        @Override
        public void close() {
            try {
                terminal.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
