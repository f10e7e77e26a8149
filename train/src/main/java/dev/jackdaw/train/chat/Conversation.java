package dev.jackdaw.train.chat;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.train.data.Fingerprint;
import dev.jackdaw.train.data.HoldOut;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A conversation to learn from, in the one order that all of them have: perhaps a system message, then questions and answers by turns;
/// an answer that calls tools is followed by their results and another answer. It ends with an answer.
///
/// @param turns in order
/// @param tools descriptions of functions as plain Java values, in the form of the OpenAI interface; null if there are none
public record Conversation(List<Turn> turns, List<?> tools) {
    /// @param message   as templates want to see it: `role`, `content`, perhaps `tool_calls`, `reasoning_content`, `name`, …
    /// @param isTrained an answer that is learned; answers with the weight 0 are only context
    public record Turn(Map<String, Object> message, boolean isTrained) {
        public String role() {
            return (String) message.get("role");
        }

        public String content() {
            return (String) message.get("content");
        }

        boolean callsTools() {
            return message.get("tool_calls") instanceof List<?> calls && !calls.isEmpty();
        }
    }

    private static final Set<String> ROLES = Set.of("system", "user", "assistant", "tool");

    public Conversation {
        turns = List.copyOf(turns);
        tools = tools == null || tools.isEmpty() ? null : List.copyOf(tools);
    }

    /// A conversation made by a program.
    ///
    /// @throws Malformed if it has no order, or nothing to learn
    public static Conversation of(List<Message> messages, List<?> tools) throws Malformed {
        List<Turn> turns = new ArrayList<>();
        for (Message message : messages) {
            turns.add(new Turn(message.toMap(), message.role().equals("assistant")));
        }
        return new Conversation(turns, tools).checked();
    }

    /// A question and its answer.
    public static Conversation of(String question, String answer) throws Malformed {
        return of(List.of(Message.of("user", question), Message.of("assistant", answer)), null);
    }

    /// The messages as templates want to see them.
    public List<Map<String, Object>> messages() {
        return turns.stream().map(Turn::message).toList();
    }

    /// What is asked first.
    public String question() {
        return turns.stream().filter(turn -> turn.role().equals("user")).findFirst().map(Turn::content).orElse("");
    }

    /// Is it kept for examination? Decided by what is said and by nothing else, see [HoldOut].
    public boolean isHeldOut(double share) {
        StringBuilder all = new StringBuilder();
        turns.forEach(turn -> all.append(turn.role()).append(' ').append(turn.content()).append(' ').append(turn.message().getOrDefault("tool_calls", "")).append('\n'));
        return HoldOut.isHeldOut(Fingerprint.of(all.toString().getBytes(StandardCharsets.UTF_8)), share);
    }

    /// This, if it is a conversation.
    Conversation checked() throws Malformed {
        String before = "";
        int results = 0;
        boolean learns = false;
        for (int i = 0; i < turns.size(); i++) {
            Turn turn = turns.get(i);
            String role = turn.role();
            if (!ROLES.contains(role)) {
                throw new Malformed(Fault.UNKNOWN_ROLE, name(i, role) + "; roles are system, user, assistant and tool");
            }
            boolean mayCome = switch (role) {
                case "system" -> i == 0;
                case "user" -> before.isEmpty() || before.equals("system") || before.equals("assistant") && !turns.get(i - 1).callsTools();
                case "assistant" -> before.equals("user") || before.equals("tool");
                default -> before.equals("tool") || before.equals("assistant") && turns.get(i - 1).callsTools();
            };
            if (!mayCome) {
                throw new Malformed(Fault.ROLE_ORDER, name(i, role) + (before.isEmpty() ? " comes first" : " follows " + before
                        + (before.equals("assistant") && turns.get(i - 1).callsTools() ? " with a tool call" : "")) + "; expected " + expected(i, before));
            }
            results = role.equals("tool") ? results + 1 : 0;
            if (results > 0 && results > calls(i - results)) {
                throw new Malformed(Fault.ROLE_ORDER, name(i, role) + ": " + results + " results follow " + calls(i - results) + " tool calls");
            }
            boolean isBlank = turn.content().isBlank();
            if (role.equals("assistant") && isBlank && !turn.callsTools()) {
                throw new Malformed(Fault.EMPTY_ANSWER, name(i, role) + " has no content and no tool call");
            }
            if (role.equals("user") && isBlank) {
                throw new Malformed(Fault.EMPTY_TURN, name(i, role) + " has no content");
            }
            learns |= turn.isTrained() && role.equals("assistant");
            before = role;
        }
        if (!learns) {
            throw new Malformed(Fault.NO_ANSWER, turns.isEmpty() ? "there are no turns" : turns.stream().noneMatch(turn -> turn.role().equals("assistant"))
                    ? "none of the " + turns.size() + " turns is of the assistant" : "all answers have the weight 0");
        }
        if (!before.equals("assistant")) {
            throw new Malformed(Fault.ROLE_ORDER, name(turns.size() - 1, before) + " comes last and is never answered; expected assistant");
        }
        return this;
    }

    private int calls(int turn) {
        return turns.get(turn).message().get("tool_calls") instanceof List<?> calls ? calls.size() : 0;
    }

    private String expected(int i, String before) {
        return switch (before) {
            case "" -> "system or user";
            case "system" -> "user";
            case "user" -> "assistant";
            case "tool" -> "assistant, or another result";
            default -> turns.get(i - 1).callsTools() ? "tool" : "user";
        };
    }

    private static String name(int turn, String role) {
        return "turn " + (turn + 1) + " (" + role + ")";
    }
}
