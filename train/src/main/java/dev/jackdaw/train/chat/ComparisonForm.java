package dev.jackdaw.train.chat;

import dev.jackdaw.train.chat.Conversation.Turn;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// The forms in which comparisons come, recognised object by object.
///
/// | form       | fields                                                                                                       |
/// |------------|--------------------------------------------------------------------------------------------------------------|
/// | pairs      | `prompt` (or `question`, `instruction`, `messages`), `chosen`, `rejected`; perhaps `margin`, `system`, `tools` |
/// | whole      | `chosen` and `rejected` alone: two lists of messages that begin alike; a `prompt` beside them is the question in both |
/// | transcript | `chosen` and `rejected` alone: two texts `\n\nHuman: … \n\nAssistant: …` (HH-RLHF) that begin alike               |
/// | verdicts   | `prompt`, `completion` and `label` true or false; or `messages` and `label`                                    |
///
/// A prompt is a text or a list of messages; an answer a text, a message or a list of messages. What does not fit is [Malformed].
final class ComparisonForm {
    private static final String HUMAN = "\n\nHuman:";
    private static final String ASSISTANT = "\n\nAssistant:";

    private ComparisonForm() {
    }

    static Comparison read(JsonNode line) throws Malformed {
        if (!line.isObject()) {
            throw new Malformed(Fault.NOT_JSON, "found " + ConversationForm.kind(line) + "; expected an object" + (line.isArray() ? " in each line, not a list of them" : ""));
        }
        if (line.has("chosen") && line.has("rejected")) {
            return pair(line);
        }
        if (line.has("label") && (line.has("completion") || line.has("messages"))) {
            return verdict(line);
        }
        throw new Malformed(Fault.UNKNOWN_FORM, "found the fields " + new ArrayList<>(line.propertyNames()) + "; expected chosen and rejected, or prompt, completion and label");
    }

    private static Comparison pair(JsonNode line) throws Malformed {
        JsonNode chosen = line.get("chosen"), rejected = line.get("rejected");
        List<Turn> prompt = prompt(line), first, second;
        if (prompt.isEmpty() || isWhole(chosen) && isWhole(rejected)) {
            first = conversation(chosen, "chosen");
            second = conversation(rejected, "rejected");
            int same = 0;
            while (same < Math.min(first.size(), second.size()) && first.get(same).message().equals(second.get(same).message())) {
                same++;
            }
            if (same == first.size() && same == second.size()) {
                throw new Malformed(Fault.SAME_ANSWERS, "chosen and rejected are the same " + same + " turns");
            }
            if (same == 0 || same < first.size() && !first.get(same).role().equals("assistant") || same < second.size() && !second.get(same).role().equals("assistant")) {
                throw new Malformed(Fault.ROLE_ORDER, "chosen and rejected have their first " + same + " turns in common and part at a turn that is no answer; expected the same prompt in both");
            }
            if (!prompt.isEmpty() && first.subList(0, same).stream().noneMatch(turn -> turn.content().equals(prompt.getLast().content()))) {
                throw new Malformed(Fault.ROLE_ORDER, "the prompt is not a turn that chosen and rejected have in common");
            }
            first = judgedFrom(first, same);
            second = judgedFrom(second, same);
        } else {
            first = joined(prompt, answer(chosen, "chosen"));
            second = joined(prompt, answer(rejected, "rejected"));
            if (first.stream().map(Turn::message).toList().equals(second.stream().map(Turn::message).toList())) {
                throw new Malformed(Fault.SAME_ANSWERS, "chosen and rejected say the same");
            }
        }
        JsonNode margin = line.path("margin");
        if (!margin.isMissingNode() && !margin.isNull() && !(margin.isNumber() && Double.isFinite(margin.doubleValue()))) {
            throw new Malformed(Fault.MISSING_FIELD, "margin is " + ConversationForm.kind(margin) + "; expected a number");
        }
        List<?> tools = ConversationForm.tools(line);
        return new Comparison.Pair(new Conversation(first, tools).checked(), new Conversation(second, tools).checked(), margin.asDouble(0));
    }

    private static Comparison verdict(JsonNode line) throws Malformed {
        JsonNode label = line.get("label");
        if (!label.isBoolean()) {
            throw new Malformed(Fault.MISSING_FIELD, "label is " + ConversationForm.kind(label) + "; expected true or false");
        }
        List<Turn> turns;
        if (line.has("completion")) {
            List<Turn> prompt = prompt(line);
            if (prompt.isEmpty()) {
                throw new Malformed(Fault.MISSING_FIELD, "prompt is missing; expected a text or a list of messages");
            }
            turns = joined(prompt, answer(line.get("completion"), "completion"));
        } else {
            turns = conversation(line.get("messages"), "messages");
            int last = turns.size();
            while (last > 0 && !turns.get(last - 1).role().equals("user")) {
                last--;
            }
            turns = judgedFrom(turns, last);
        }
        return new Comparison.Verdict(new Conversation(turns, ConversationForm.tools(line)).checked(), label.booleanValue());
    }

    /// Empty if there is none.
    private static List<Turn> prompt(JsonNode line) throws Malformed {
        for (String field : List.of("prompt", "messages", "question", "instruction")) {
            JsonNode prompt = line.path(field);
            if (prompt.isMissingNode() || prompt.isNull()) {
                continue;
            }
            List<Turn> turns = new ArrayList<>();
            ConversationForm.system(line, turns);
            if (prompt.isString() && prompt.stringValue().startsWith(HUMAN)) {
                turns.addAll(transcript(prompt.stringValue(), field));
                if (turns.getLast().role().equals("assistant") && turns.getLast().content().isEmpty()) {
                    turns.removeLast();                        // "…\n\nAssistant:" asks for the answer
                }
            } else if (prompt.isString()) {
                turns.add(ConversationForm.turn("user", prompt.stringValue()));
            } else if (prompt.isArray()) {
                turns.addAll(ConversationForm.turns(prompt));
            } else {
                throw new Malformed(Fault.MISSING_FIELD, field + " is " + ConversationForm.kind(prompt) + "; expected a text or a list of messages");
            }
            if (turns.isEmpty()) {
                throw new Malformed(Fault.MISSING_FIELD, field + " has no messages");
            }
            return judgedFrom(turns, turns.size());
        }
        return List.of();
    }

    /// A list of messages that begins with the prompt.
    private static boolean isWhole(JsonNode answer) {
        String role = answer.isArray() && !answer.isEmpty() ? answer.get(0).path("role").asString("") : "";
        return role.equals("user") || role.equals("system") || role.equals("developer") || answer.isString() && answer.stringValue().startsWith(HUMAN);
    }

    private static List<Turn> conversation(JsonNode node, String field) throws Malformed {
        if (node.isArray()) {
            return ConversationForm.turns(node);
        }
        if (node.isString() && node.stringValue().startsWith(HUMAN)) {
            return transcript(node.stringValue(), field);
        }
        throw new Malformed(Fault.MISSING_FIELD, "there is no prompt and " + field + " is " + ConversationForm.kind(node) + "; expected a list of messages, or a transcript that begins with \\n\\nHuman:");
    }

    private static List<Turn> answer(JsonNode node, String field) throws Malformed {
        List<Turn> turns = node.isString() ? List.of(ConversationForm.turn("assistant", node.stringValue()))
                : node.isArray() ? ConversationForm.turns(node) : node.isObject() ? ConversationForm.turns(tools.jackson.databind.node.JsonNodeFactory.instance.arrayNode().add(node)) : null;
        if (turns == null || turns.isEmpty()) {
            throw new Malformed(Fault.MISSING_FIELD, field + " is " + (turns == null ? ConversationForm.kind(node) : "empty") + "; expected a text, a message or a list of messages");
        }
        return turns;
    }

    /// Turns of `\n\nHuman: …\n\nAssistant: …`; what follows a mark is stripped of the space around it.
    private static List<Turn> transcript(String text, String field) throws Malformed {
        List<Turn> turns = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            boolean human = text.startsWith(HUMAN, at);
            int from = at + (human ? HUMAN : ASSISTANT).length();
            int next = Math.min(index(text, HUMAN, from), index(text, ASSISTANT, from));
            String role = human ? "user" : "assistant";
            if (!turns.isEmpty() && turns.getLast().role().equals(role)) {
                throw new Malformed(Fault.ROLE_ORDER, field + ": two turns of " + (human ? "Human" : "Assistant") + " follow each other, turns " + turns.size() + " and " + (turns.size() + 1));
            }
            turns.add(ConversationForm.turn(role, text.substring(from, next).strip()));
            at = next;
        }
        return turns;
    }

    private static int index(String text, String mark, int from) {
        int found = text.indexOf(mark, from);
        return found < 0 ? text.length() : found;
    }

    private static List<Turn> joined(List<Turn> prompt, List<Turn> answer) {
        List<Turn> all = new ArrayList<>(prompt);
        all.addAll(answer);
        return judgedFrom(all, prompt.size());
    }

    /// Answers from turn `first` on are judged, those before are part of the prompt.
    private static List<Turn> judgedFrom(List<Turn> turns, int first) {
        List<Turn> judged = new ArrayList<>();
        for (int i = 0; i < turns.size(); i++) {
            judged.add(new Turn(turns.get(i).message(), i >= first && turns.get(i).role().equals("assistant")));
        }
        return judged;
    }
}
