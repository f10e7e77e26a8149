package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// An answer as the blocks of Anthropic's messages, and the events that tell how they grow.
final class MessageBlocks implements Choices.StreamedParts {
    /// Hears of every change.
    interface Events {
        void send(String type, Map<String, Object> fields);

        Events NOBODY = (_, _) -> { };
    }

    private final Events events;
    private final List<Object> blocks = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();
    private String growing;                               // thinking, text, or null

    MessageBlocks(Events events) {
        this.events = events;
    }

    /// What is complete.
    List<Object> blocks() {
        return List.copyOf(blocks);
    }

    @Override
    public void reasoning(String piece) {
        grow("thinking", piece);
    }

    @Override
    public void content(String piece) {
        grow("text", piece);
    }

    private void grow(String kind, String piece) {
        if (!kind.equals(growing)) {
            done();
            growing = kind;
            text.setLength(0);
            event("content_block_start", Map.of("content_block", block()));
        }
        text.append(piece);
        event("content_block_delta", Map.of("delta", Map.of("type", kind + "_delta", kind, piece)));
    }

    private Map<String, Object> block() {
        Map<String, Object> block = new LinkedHashMap<>();
        block.put("type", growing);
        block.put(growing, text.toString());
        if (growing.equals("thinking")) {
            block.put("signature", "");                   // thoughts are not secret here, so nothing needs proof
        }
        return block;
    }

    private void done() {
        if (growing != null) {
            event("content_block_stop", Map.of());
            blocks.add(block());
            growing = null;
        }
    }

    @Override
    public void toolCall(Message.ToolCall call) {
        done();
        event("content_block_start", Map.of("content_block", use(call, Map.of())));
        event("content_block_delta", Map.of("delta", Map.of("type", "input_json_delta", "partial_json", call.arguments())));
        event("content_block_stop", Map.of());
        blocks.add(use(call, ChatFields.arguments(call)));
    }

    private static Map<String, Object> use(Message.ToolCall call, Object input) {
        Map<String, Object> block = new LinkedHashMap<>();
        block.put("type", "tool_use");
        block.put("id", call.id());
        block.put("name", call.name());
        block.put("input", input);
        return block;
    }

    @Override
    public void end(Writer.Written written) {
        done();
    }

    private void event(String type, Map<String, Object> more) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("index", blocks.size());
        fields.putAll(more);
        events.send(type, fields);
    }
}
