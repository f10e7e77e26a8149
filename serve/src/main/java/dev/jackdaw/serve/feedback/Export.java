package dev.jackdaw.serve.feedback;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What was collected as training data: JSON lines that `finetune --data` and `prefer --data` read, in the order in which it was said. The same
/// database gives the same bytes. Each line has a field `metadata` with the ids of what it comes from, which training ignores.
public final class Export {
    private final CollectedCorrections collected;

    Export(CollectedCorrections collected) {
        this.collected = collected;
    }

    /// Conversations with a good answer: corrections, what labellers wrote, and what people liked. Earlier answers in a conversation have
    /// the weight 0: nobody said that they were good.
    ///
    /// @return how many
    public int sft(OutputStream out, long since) throws IOException {
        List<CollectedCorrections.Good> all = collected.good(since);
        for (CollectedCorrections.Good good : all) {
            List<Map<String, Object>> messages = new ArrayList<>();
            for (Map<String, Object> message : good.answer().messages()) {
                Map<String, Object> copy = new LinkedHashMap<>(message);
                if ("assistant".equals(message.get("role"))) {
                    copy.put("weight", 0);
                }
                messages.add(copy);
            }
            messages.add(good.source().equals("liked") ? new LinkedHashMap<>(good.answer().message()) : answer(good.text()));
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("messages", messages);
            tools(line, good.answer().tools());
            line.put("metadata", metadata(good.source(), good.id(), good.answer().id(), good.answer().model(), good.created()));
            write(out, line);
        }
        return all.size();
    }

    /// A conversation with a better and a worse answer.
    ///
    /// @return how many
    public int preferences(OutputStream out, long since) throws IOException {
        List<CollectedCorrections.Preferred> all = collected.preferred(since);
        for (CollectedCorrections.Preferred each : all) {
            Preference preference = each.preference();
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("prompt", preference.messages());
            line.put("chosen", List.of(answer(preference.chosen())));
            line.put("rejected", List.of(answer(preference.rejected())));
            tools(line, each.tools());
            line.put("metadata", metadata(each.source(), preference.id(), each.answerId(), preference.model(), preference.created()));
            write(out, line);
        }
        return all.size();
    }

    private static Map<String, Object> answer(String text) {
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", "assistant");
        message.put("content", text);
        return message;
    }

    private static void tools(Map<String, Object> line, List<?> tools) {
        if (!tools.isEmpty()) {
            line.put("tools", tools);
        }
    }

    private static Map<String, Object> metadata(String source, String id, String answerId, String model, long created) {
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("source", source);
        metadata.put("id", id);
        if (!answerId.isEmpty()) {
            metadata.put("answerId", answerId);
        }
        metadata.put("model", model);
        metadata.put("created", created);
        return metadata;
    }

    private static void write(OutputStream out, Map<String, Object> line) throws IOException {
        out.write((Columns.json(line) + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
