package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.TokenProbability;
import dev.jackdaw.model.token.Tokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// An answer as the items of OpenAI's Responses, and the events that tell how they grow: an item is added, its part is added, grows by
/// deltas, is done, the item is done.
final class ResponseOutput implements Choices.StreamedParts {
    /// Hears of every change.
    interface Events {
        void send(String type, Map<String, Object> fields);

        Events NOBODY = (_, _) -> { };
    }

    /// A text that grows.
    private enum Growing {
        REASONING("reasoning", "rs_", "reasoning_text", "response.reasoning_text"), MESSAGE("message", "msg_", "output_text", "response.output_text");

        private final String item;
        private final String prefix;
        private final String part;
        private final String event;

        Growing(String item, String prefix, String part, String event) {
            this.item = item;
            this.prefix = prefix;
            this.part = part;
            this.event = event;
        }
    }

    private final Events events;
    private final List<Object> items = new ArrayList<>();
    private final LogprobList fresh;
    private final List<Object> logprobs = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private Growing growing;
    private String id;

    ResponseOutput(Tokenizer tokenizer, Events events) {
        this.events = events;
        fresh = new LogprobList(tokenizer);
    }

    /// What is complete.
    List<Object> items() {
        return List.copyOf(items);
    }

    @Override
    public void token(int id, TokenProbability probability) {
        fresh.add(probability);
    }

    @Override
    public void reasoning(String piece) {
        fresh.takeMap();
        grow(Growing.REASONING, piece, List.of());
    }

    @Override
    public void content(String piece) {
        grow(Growing.MESSAGE, piece, (List<?>) fresh.takeMap().get("content"));
    }

    private void grow(Growing kind, String piece, List<?> probabilities) {
        if (growing != kind) {
            done("completed");
            open(kind);
        }
        text.append(piece);
        logprobs.addAll(probabilities);
        Map<String, Object> delta = new LinkedHashMap<>(Map.of("delta", piece));
        if (kind == Growing.MESSAGE) {
            delta.put("logprobs", probabilities);
        }
        part(kind.event + ".delta", delta);
    }

    private void open(Growing kind) {
        growing = kind;
        id = Ids.of(kind.prefix);
        text.setLength(0);
        logprobs.clear();
        item("response.output_item.added", item("in_progress", List.of()));
        part("response.content_part.added", Map.of("part", part()));
    }

    private Map<String, Object> part() {
        Map<String, Object> part = new LinkedHashMap<>();
        part.put("type", growing.part);
        part.put("text", text.toString());
        if (growing == Growing.MESSAGE) {
            part.put("annotations", List.of());
            part.put("logprobs", List.copyOf(logprobs));
        }
        return part;
    }

    private Map<String, Object> item(String status, List<Object> content) {
        Map<String, Object> item = new LinkedHashMap<>();
        item.put("id", id);
        item.put("type", growing.item);
        item.put("status", status);
        if (growing == Growing.MESSAGE) {
            item.put("role", "assistant");
        } else {
            item.put("summary", List.of());
        }
        item.put("content", content);
        return item;
    }

    private void done(String status) {
        if (growing == null) {
            return;
        }
        Map<String, Object> end = new LinkedHashMap<>(Map.of("text", text.toString()));
        if (growing == Growing.MESSAGE) {
            end.put("logprobs", List.copyOf(logprobs));
        }
        part(growing.event + ".done", end);
        part("response.content_part.done", Map.of("part", part()));
        Map<String, Object> item = item(status, List.of(part()));
        item("response.output_item.done", item);
        items.add(item);
        growing = null;
    }

    @Override
    public void toolCall(Message.ToolCall call) {
        done("completed");
        id = Ids.of("fc_");
        item("response.output_item.added", call(call, "in_progress", ""));
        event("response.function_call_arguments.delta", Map.of("delta", call.arguments()));
        event("response.function_call_arguments.done", Map.of("name", call.name(), "arguments", call.arguments()));
        Map<String, Object> item = call(call, "completed", call.arguments());
        item("response.output_item.done", item);
        items.add(item);
    }

    private Map<String, Object> call(Message.ToolCall call, String status, String arguments) {
        Map<String, Object> item = new LinkedHashMap<>();
        item.put("id", id);
        item.put("type", "function_call");
        item.put("status", status);
        item.put("call_id", call.id());
        item.put("name", call.name());
        item.put("arguments", arguments);
        return item;
    }

    @Override
    public void end(Writer.Written written) {
        if (items.isEmpty() && growing == null) {
            open(Growing.MESSAGE);                        // nothing was said; say so
        }
        done(written.finishReason().equals("length") ? "incomplete" : "completed");
    }

    private void item(String type, Map<String, Object> item) {
        events.send(type, Map.of("output_index", items.size(), "item", item));
    }

    private void part(String type, Map<String, Object> more) {
        Map<String, Object> fields = new LinkedHashMap<>(Map.of("content_index", 0));
        fields.putAll(more);
        event(type, fields);
    }

    private void event(String type, Map<String, Object> more) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("item_id", id);
        fields.put("output_index", items.size());
        fields.putAll(more);
        events.send(type, fields);
    }
}
