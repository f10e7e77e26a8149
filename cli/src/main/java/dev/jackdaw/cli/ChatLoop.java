package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.chat.ChatSession;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.constrain.GrammarConstraint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// The conversation of `chat`: messages, and commands that begin with a slash. A mistake is said and the conversation goes on.
final class ChatLoop {
    private static final String HELP = """
        /system TEXT   how the model should behave; begins the conversation anew
        /reset         forget the conversation
        /undo          take back the last question and its answer
        /regen         answer the last question again
        /save FILE     write the conversation as JSON
        /load FILE     go on with a conversation that was saved
        /set NAME X    change an option, such as temperature 0.5 or top-k 40
        /think X       on, off, or how many tokens to think
        /stats         say after each answer how fast it came, or stop that
        /quit          leave
        A line that ends with \\ goes on in the next; a line \""" begins a message of several lines and ends it.
        Ctrl-C interrupts an answer, takes back a line, and leaves at an empty one.""";

    private final Model model;
    private final ChatSession session;
    private final ChatInput input;
    private final CommonOptions common;
    private final Output output;
    private final List<String> arguments;
    private final Map<String, String> changes = new LinkedHashMap<>();
    private final AtomicBoolean isInterrupted = new AtomicBoolean();
    private ChatCommand settings;
    private GrammarConstraint constraint;

    ChatLoop(ChatCommand settings, Model model, ChatSession session, ChatInput input, CommonOptions common) throws IOException {
        this.settings = settings;
        this.model = model;
        this.session = session;
        this.input = input;
        this.common = common;
        output = common.output();
        arguments = common.arguments();
        constraint = settings.generation().constraint(model);
        input.onInterrupt(() -> isInterrupted.set(true));
    }

    void run() {
        output.note(output.dim("/help shows what can be typed, /quit leaves"));
        for (String typed = input.message("> "); typed != null; typed = input.message("> ")) {
            String line = typed.strip();
            if (line.equals("/quit") || line.equals("/exit")) {
                return;
            }
            try {
                if (line.startsWith("/") && !line.contains("\n")) {
                    int blank = line.indexOf(' ');
                    command(blank < 0 ? line : line.substring(0, blank), blank < 0 ? "" : line.substring(blank + 1).strip());
                } else if (!line.isEmpty()) {
                    say(typed);
                }
            } catch (Output.ReaderLeft e) {
                throw e;
            } catch (CommandLine.ParameterException e) {
                output.note("%s", e.getMessage());
            } catch (RuntimeException | IOException e) {
                output.note("%s", Failures.message(e));
            }
        }
    }

    private void say(String text) {
        int before = session.messages().size();
        session.messages().add(Message.of("user", text));
        try {
            answer();
        } catch (RuntimeException e) {
            session.messages().subList(before, session.messages().size()).clear();       // as if it had not been said
            throw e;
        }
    }

    private void answer() {
        isInterrupted.set(false);
        ChatCommand.answer(settings, model, session, constraint, common, isInterrupted);
    }

    private void command(String name, String argument) throws IOException {
        List<Message> messages = session.messages();
        switch (name) {
            case "/help" -> output.line("%s", HELP);
            case "/reset" -> reset(true);
            case "/system" -> {
                reset(false);
                if (!argument.isEmpty()) {
                    messages.add(Message.of("system", argument));
                }
            }
            case "/undo" -> {
                undo();
                output.note("%d messages remain", messages.size());
            }
            case "/regen" -> {
                Message question = undo();
                say(question.content());
            }
            case "/save" -> {
                Files.writeString(file(argument), Json.write(Map.of("messages", messages)) + "\n");
                output.note("%d messages written to %s", messages.size(), argument);
            }
            case "/load" -> load(file(argument));
            case "/set" -> {
                int blank = argument.indexOf(' ');
                if (blank < 0) {
                    throw new IllegalArgumentException("/set needs a name and a value, such as: /set temperature 0.5");
                }
                set(argument.substring(0, blank), argument.substring(blank + 1).strip());
            }
            case "/think" -> set("think", argument.isEmpty() ? "on" : argument);
            case "/stats" -> set("stats", Boolean.toString(!settings.stats()));
            default -> throw new IllegalArgumentException("unknown command " + name + "; /help lists them");
        }
    }

    private static Path file(String argument) {
        if (argument.isEmpty()) {
            throw new IllegalArgumentException("which file? Give its name after the command");
        }
        return Path.of(argument);
    }

    private void reset(boolean keepSystem) {
        List<Message> messages = session.messages();
        messages.subList(keepSystem && !messages.isEmpty() && messages.getFirst().role().equals("system") ? 1 : 0, messages.size()).clear();
        output.note("the conversation begins anew");
    }

    /// Takes away everything from the last question on.
    private Message undo() {
        List<Message> messages = session.messages();
        for (int i = messages.size() - 1; i >= 0; i--) {
            if (messages.get(i).role().equals("user")) {
                Message question = messages.get(i);
                messages.subList(i, messages.size()).clear();
                return question;
            }
        }
        throw new IllegalArgumentException("there is no question yet");
    }

    private void load(Path file) throws IOException {
        List<Message> loaded = new ArrayList<>();
        try {
            JsonNode root = Json.read(Files.readString(file));
            JsonNode list = root.isArray() ? root : root.path("messages");
            for (JsonNode node : list) {
                if (!node.path("role").isString() || !node.path("content").isString()) {
                    throw new IllegalArgumentException(file + ": message " + loaded.size() + " has no role or no content");
                }
                List<Message.ToolCall> calls = new ArrayList<>();
                node.path("toolCalls").forEach(call -> calls.add(new Message.ToolCall(text(call, "id"), call.path("name").asString(""), call.path("arguments").asString("{}"))));
                loaded.add(new Message(node.get("role").stringValue(), node.get("content").stringValue(), text(node, "reasoning"), calls, text(node, "toolCallId"), text(node, "name")));
            }
        } catch (JacksonException e) {
            throw new IllegalArgumentException(file + ": not valid JSON: " + e.getOriginalMessage(), e);
        }
        session.messages().clear();
        session.messages().addAll(loaded);
        output.note("%d messages read from %s", loaded.size(), file);
    }

    private static String text(JsonNode node, String field) {
        return node.path(field).isString() ? node.get(field).stringValue() : null;
    }

    /// Reads the command line again with the change, so that every option can be set and is checked as at the start.
    private void set(String name, String value) throws IOException {
        String option = (name.length() == 1 ? "-" : "--") + name.replaceFirst("^-+", "");
        Map<String, String> tried = new LinkedHashMap<>(changes);
        tried.put(option, value);
        ChatCommand changed = new ChatCommand();
        CommandLine line = new CommandLine(changed).setOverwrittenOptionsAllowed(true).setExpandAtFiles(false);
        List<String> all = new ArrayList<>(arguments);
        tried.forEach((key, given) -> all.add(key + "=" + given));
        line.parseArgs(all.toArray(String[]::new));
        changed.check();
        GrammarConstraint other = changed.generation().constraint(model);
        changes.putAll(tried);
        constraint = other;
        changed.keep(settings);
        settings = changed;
    }
}
