package dev.jackdaw.serve.improve;

import dev.jackdaw.serve.feedback.Correction;
import dev.jackdaw.serve.feedback.Corrections;
import dev.jackdaw.serve.feedback.Preference;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Corrections from a file of JSON lines, for those who collect them elsewhere: `{"messages": […], "bad": "…", "good": "…"}`, or `question` for the
/// messages, with `id`, `created` and `model` if they are known.
public record CorrectionFile(List<Correction> all) implements Corrections {
    private static final JsonMapper JSON = JsonMapper.shared();

    public static CorrectionFile read(Path file) throws IOException {
        List<Correction> all = new ArrayList<>();
        int number = 0;
        for (String line : Files.readString(file, StandardCharsets.UTF_8).lines().toList()) {
            number++;
            if (line.isBlank()) {
                continue;
            }
            JsonNode node;
            try {
                node = JSON.readTree(line);
            } catch (JacksonException e) {
                throw new IOException(file + ": line " + number + ": not JSON: " + e.getOriginalMessage(), e);
            }
            if (!node.path("good").isString() || !node.path("messages").isArray() && !node.path("question").isString()) {
                throw new IOException(file + ": line " + number + ": expected an object with good (the corrected answer) and messages or question; found "
                        + (node.isObject() ? "the fields " + node.propertyNames() : node.getNodeType().toString().toLowerCase(java.util.Locale.ROOT)));
            }
            List<Map<String, Object>> messages = new ArrayList<>();
            if (node.path("messages").isArray()) {
                for (JsonNode message : node.path("messages")) {
                    if (!message.isObject()) {
                        throw new IOException(file + ": line " + number + ": messages: expected objects with role and content, found " + message);
                    }
                    messages.add(message(message));
                }
            } else {
                Map<String, Object> question = new LinkedHashMap<>();
                question.put("role", "user");
                question.put("content", node.path("question").asString());
                messages.add(question);
            }
            all.add(new Correction(node.path("id").isString() ? node.path("id").asString() : "line-" + number, node.path("created").asLong(number), node.path("model").asString(null), messages,
                    node.path("bad").asString(null), node.path("good").asString()));
        }
        return new CorrectionFile(List.copyOf(all));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> message(JsonNode node) {
        return JSON.convertValue(node, LinkedHashMap.class);
    }

    @Override
    public List<Correction> since(long time) {
        return all.stream().filter(one -> one.created() >= time).toList();
    }

    /// A file of corrections holds no comparisons; those that it implies are what the likelihoods are measured by.
    @Override
    public List<Preference> preferences(long time) {
        return all.stream().filter(one -> one.created() >= time && one.bad() != null)
                .map(one -> new Preference(one.id(), one.created(), one.model(), one.messages(), one.good(), one.bad())).toList();
    }
}
