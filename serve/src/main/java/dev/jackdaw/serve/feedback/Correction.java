package dev.jackdaw.serve.feedback;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/// What should have been answered instead.
///
/// @param id       of the rating or label it comes from; the same for ever
/// @param created  when it was said, in epoch milliseconds
/// @param model    that gave the bad answer
/// @param messages of the conversation up to the answer, in the form of OpenAI's API
/// @param bad      the answer that was given, or null if nobody kept it
/// @param good     the answer as a person wrote it
public record Correction(String id, long created, String model, List<Map<String, Object>> messages, String bad, String good) {
    public Correction {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(good, "good");
        messages = List.copyOf(messages);
    }
}
