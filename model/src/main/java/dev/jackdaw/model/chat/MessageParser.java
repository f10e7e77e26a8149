package dev.jackdaw.model.chat;

import dev.jackdaw.model.chat.Message.ToolCall;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/// Takes generated text apart as it streams: the answer, the reasoning before it, and calls of tools.
///
/// The text given must contain the names of special tokens where a format is built from them (gpt-oss, Mistral, Llama's `<|python_tag|>`).
/// What may become a marker is held back until it is decided, so a listener never sees half a marker.
public final class MessageParser {
    /// How a model marks the parts of its answer.
    public enum Format {
        /// `<think>…</think>`, then text with `<tool_call>{…}</tool_call>`: Qwen, DeepSeek distillations, SmolLM, our own models.
        TAGS,
        /// `<|channel|>analysis<|message|>…<|end|>`, `final`, and calls as `to=functions.name` in the header: gpt-oss ("harmony").
        CHANNELS,
        /// The whole answer, perhaps after `<|python_tag|>`, is `{"name": …, "parameters": {…}}`, or several with `;` between: Llama 3.1.
        BARE_JSON,
        /// `[TOOL_CALLS]` and a JSON list: Mistral until 2024.
        TOOL_CALLS,
        /// `[TOOL_CALLS]name[ARGS]{…}`, one after the other, perhaps with `[CALL_ID]id` before the arguments: Mistral since then, Ministral 3, Devstral, Magistral.
        NAMED_CALLS;

        /// The format of the models that have such a template.
        public static Format of(String template) {
            return template == null ? TAGS : template.contains("<|channel|>") ? CHANNELS
                    : template.contains("[TOOL_CALLS]") ? template.contains(ARGUMENTS) ? NAMED_CALLS : TOOL_CALLS
                    : template.contains("<|start_header_id|>") && template.contains("\"parameters\"") ? BARE_JSON : TAGS;
        }
    }

    /// Hears the parts as they come.
    public interface Listener {
        default void content(String piece) {
        }

        default void reasoning(String piece) {
        }

        default void toolCall(ToolCall call) {
        }
    }

    private static final String CALL_ID = "[CALL_ID]", ARGUMENTS = "[ARGS]";

    private enum State { START, CONTENT, REASONING, CALL, HEADER, SKIP, OVER }

    private static final String[] HARMONY_ENDS = {"<|end|>", "<|return|>", "<|call|>", "<|start|>", "<|channel|>"};

    private final Format format;
    private final boolean oneCall;
    private final Set<String> functions;
    private final Supplier<String> ids;
    private final Listener listener;
    private final StringBuilder pending = new StringBuilder();
    private final StringBuilder content = new StringBuilder();
    private final StringBuilder reasoning = new StringBuilder();
    private final List<ToolCall> calls = new ArrayList<>();
    private State state;
    private boolean trimsContent = true;        // blank lines between a part and the text after it belong to the marker
    private boolean trimsReasoning = true;
    private boolean hasReasoning;
    private String recipient;

    /// @param thinks the prompt already ended with `<think>`, so the text begins inside the reasoning
    public MessageParser(Format format, boolean thinks, Listener listener) {
        this(format, thinks, false, null, null, listener);
    }

    /// @param oneCall   the first call ends the answer
    /// @param functions that may be called, where nothing but the name tells a call from an answer that is JSON; null: any
    /// @param ids       gives those that calls lack, or null
    MessageParser(Format format, boolean thinks, boolean oneCall, Set<String> functions, Supplier<String> ids, Listener listener) {
        this.format = format;
        this.oneCall = oneCall;
        this.functions = functions;
        this.ids = ids;
        this.listener = listener;
        state = thinks ? State.REASONING : format == Format.CHANNELS ? State.HEADER : State.START;
        hasReasoning = thinks;
        trimsContent = false;
    }

    /// One that waits for the first call of an answer, from where the thinking ends.
    static MessageParser firstCall(Format format, Set<String> functions, Listener listener) {
        MessageParser parser = new MessageParser(format, false, true, functions, null, listener);
        parser.state = format == Format.BARE_JSON ? State.START : State.CONTENT;
        return parser;
    }

    /// More text.
    public void accept(String piece) {
        pending.append(piece);
        while (step(false)) { }
    }

    /// No more text comes. What is incomplete is kept: an unfinished call becomes content.
    public Message finish() {
        while (step(false)) { }
        while (!pending.isEmpty() && step(true)) { }
        return new Message("assistant", content.toString(), hasReasoning ? reasoning.toString().stripTrailing() : null, calls);
    }

    /// Handles what can be decided; false if more text is needed.
    private boolean step(boolean last) {
        return switch (state) {
            case START -> start(last);
            case CONTENT -> format == Format.CHANNELS ? until(HARMONY_ENDS, State.HEADER, last) : content(last);
            case REASONING -> format == Format.CHANNELS ? until(HARMONY_ENDS, State.HEADER, last)
                    : until(new String[] {"</think>"}, format == Format.BARE_JSON ? State.START : State.CONTENT, last);
            case CALL -> call(last);
            case HEADER -> header(last);
            case SKIP -> until(HARMONY_ENDS, State.HEADER, last);
            case OVER -> {
                pending.setLength(0);
                yield false;
            }
        };
    }

    private boolean start(boolean last) {
        String text = pending.toString();
        String shown = text.stripLeading();
        if (!last && shown.isEmpty()) {
            return false;
        }
        boolean mayCall = format == Format.BARE_JSON && (functions == null || !functions.isEmpty());
        String[] openings = mayCall ? new String[] {"<think>", "<|python_tag|>", "{"} : new String[] {"<think>"};
        for (String opening : openings) {
            if (shown.startsWith(opening)) {
                if (opening.equals("<think>")) {
                    hasReasoning = true;
                    take(text.length() - shown.length() + opening.length(), State.REASONING);
                } else {
                    take(text.length() - shown.length() + (opening.equals("{") ? 0 : opening.length()), State.CALL);
                }
                return true;
            }
            if (!last && opening.startsWith(shown)) {
                return false;
            }
        }
        state = State.CONTENT;
        return true;
    }

    private boolean content(boolean last) {
        String marker = switch (format) {
            case TAGS -> "<tool_call>";
            case TOOL_CALLS, NAMED_CALLS -> "[TOOL_CALLS]";
            case BARE_JSON -> "<|python_tag|>";
            case CHANNELS -> throw new IllegalStateException("channels have no markers in content");
        };
        return until(new String[] {marker}, State.CALL, last);
    }

    /// Hands out text up to the first of `markers`, drops the marker and goes on in `next`.
    private boolean until(String[] markers, State next, boolean last) {
        String text = pending.toString();
        int first = -1;
        String found = null;
        for (String marker : markers) {
            int at = text.indexOf(marker);
            if (at >= 0 && (first < 0 || at < first)) {
                first = at;
                found = marker;
            }
        }
        if (found != null) {
            boolean opensHeader = found.equals("<|start|>") || found.equals("<|channel|>");
            hand(text.substring(0, first));
            if (state == State.REASONING || state == State.CALL) {
                trimsContent = true;
            }
            take(first + (opensHeader ? 0 : found.length()), next);
            return true;
        }
        int keep = last ? 0 : markerTail(text, markers);
        hand(text.substring(0, text.length() - keep));
        pending.delete(0, text.length() - keep);
        return false;
    }

    /// How many characters at the end could begin a marker.
    private static int markerTail(String text, String[] markers) {
        int longest = 0;
        for (String marker : markers) {
            for (int n = Math.min(marker.length() - 1, text.length()); n > longest; n--) {
                if (text.endsWith(marker.substring(0, n))) {
                    longest = n;
                }
            }
        }
        return longest;
    }

    private void hand(String text) {
        boolean isReasoning = state == State.REASONING;
        if (state == State.SKIP) {
            return;
        }
        String piece = (isReasoning ? trimsReasoning : trimsContent) ? text.stripLeading() : text;
        if (piece.isEmpty()) {
            return;
        }
        if (isReasoning) {
            trimsReasoning = false;
            reasoning.append(piece);
            listener.reasoning(piece);
        } else {
            trimsContent = false;
            content.append(piece);
            listener.content(piece);
        }
    }

    private void take(int characters, State next) {
        pending.delete(0, characters);
        state = next;
    }

    private boolean call(boolean last) {
        String text = pending.toString();
        if (format == Format.CHANNELS) {
            int called = end(text, "<|call|>", last), ended = end(text, "<|end|>", last);
            int end = called < 0 ? ended : ended < 0 ? called : Math.min(called, ended);
            if (end < 0 && !last) {
                return false;
            }
            add(new ToolCall(null, recipient.replaceFirst("^functions\\.", ""), (end < 0 ? text : text.substring(0, end)).strip()));
            int marker = end < 0 ? text.length() : text.indexOf("|>", end + 2) + 2;
            take(marker, oneCall ? State.OVER : State.HEADER);
            return true;
        }
        if (format == Format.NAMED_CALLS) {
            return namedCall(text, last);
        }
        int[] object = oneCall ? ToolCallText.firstObject(text) : null;
        List<ToolCall> only = object == null ? List.of() : known(ToolCallText.calls(text.substring(object[0], object[1])));
        if (only.size() == 1) {
            add(only.getFirst());
            take(text.length(), State.OVER);
            return true;
        }
        if (format == Format.TAGS) {
            int end = end(text, "</tool_call>", last);
            if (end < 0 && !last) {
                return false;
            }
            json(end < 0 ? text : text.substring(0, end), end < 0 ? "<tool_call>" + text : "<tool_call>" + text.substring(0, end) + "</tool_call>");
            take(end < 0 ? text.length() : end + "</tool_call>".length(), State.CONTENT);
            trimsContent = true;
            return true;
        }
        if (!last) {
            return false;                         // the JSON is the rest of the answer
        }
        json(text.strip(), text);
        take(text.length(), State.CONTENT);
        return true;
    }

    private boolean namedCall(String text, boolean last) {
        int marker = text.indexOf(ARGUMENTS), from = marker + ARGUMENTS.length();
        int[] object = marker < 0 ? null : ToolCallText.firstObject(text.substring(from));
        if (object == null) {
            if (last) {
                state = State.CONTENT;
                hand("[TOOL_CALLS]" + text);      // not a call after all
                take(text.length(), State.CONTENT);
            }
            return last;
        }
        String[] head = text.substring(0, marker).split(Pattern.quote(CALL_ID), 2);
        add(new ToolCall(head.length > 1 && !head[1].isBlank() ? head[1].strip() : null, head[0].strip(), text.substring(from + object[0], from + object[1])));
        take(oneCall ? text.length() : from + object[1], oneCall ? State.OVER : State.CONTENT);
        trimsContent = true;
        return true;
    }

    /// Where a call ends. A marker inside of its strings is none, unless the text is not the JSON that it should be.
    private static int end(String text, String marker, boolean last) {
        int end = ToolCallText.outside(text, marker);
        return end < 0 && last && ToolCallText.firstObject(text) == null ? text.indexOf(marker) : end;
    }

    /// One call after the other, with semicolons between; empty if something else is there.
    private static List<ToolCall> separated(String text) {
        List<ToolCall> all = new ArrayList<>();
        for (String rest = text; ; ) {
            int[] object = ToolCallText.firstObject(rest);
            List<ToolCall> one = object == null ? List.of() : ToolCallText.calls(rest.substring(0, object[1]));
            if (one.size() != 1) {
                return List.of();
            }
            all.addAll(one);
            rest = rest.substring(object[1]).stripLeading();
            if (rest.isEmpty()) {
                return all;
            }
            if (!rest.startsWith(";")) {
                return List.of();
            }
            rest = rest.substring(1);
        }
    }

    private void json(String json, String asText) {
        List<ToolCall> found = ToolCallText.calls(json.strip());
        if (found.isEmpty() && format == Format.BARE_JSON) {
            found = separated(json);
        }
        found = known(found);
        if (found.isEmpty()) {
            state = State.CONTENT;
            hand(asText);                         // not a call after all
        }
        found.forEach(this::add);
    }

    /// Empty where one is of a function that is not offered: then this is an answer that only looks like calls.
    private List<ToolCall> known(List<ToolCall> found) {
        return format != Format.BARE_JSON || functions == null || found.stream().allMatch(call -> functions.contains(call.name())) ? found : List.of();
    }

    private void add(ToolCall read) {
        ToolCall call = read.id() == null && ids != null ? new ToolCall(ids.get(), read.name(), read.arguments()) : read;
        calls.add(call);
        listener.toolCall(call);
    }

    /// `<|start|>assistant<|channel|>analysis to=functions.f <|constrain|>json<|message|>`; the first header begins after `assistant`.
    private boolean header(boolean last) {
        String text = pending.toString();
        int end = text.indexOf("<|message|>");
        if (end < 0) {
            if (last) {
                String rest = text.replaceAll("<\\|[a-z]+\\|>", "").strip();
                pending.setLength(0);
                if (!text.contains("<|")) {       // a model that does not keep to its format
                    state = State.CONTENT;
                    hand(rest);
                }
            }
            return false;
        }
        String header = text.substring(0, end);
        int to = header.indexOf("to=");
        recipient = to < 0 ? null : header.substring(to + 3).split("[\\s<]", 2)[0];
        boolean isFinal = header.contains("<|channel|>final") || !header.contains("<|channel|>");
        State next = recipient != null && !recipient.isEmpty() ? State.CALL : isFinal || header.contains("commentary") ? State.CONTENT : State.REASONING;
        hasReasoning |= next == State.REASONING;
        take(end + "<|message|>".length(), next);
        return true;
    }
}
