package dev.jackdaw.serve.feedback;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Which of two answers a person found better.
///
/// @param id       of the comparison, rating or label it comes from, with a number if that gives several; the same for ever
/// @param created  when it was said, in epoch milliseconds
/// @param model    that gave the answers
/// @param messages of the conversation up to the answer, in the form of OpenAI's API
public record Preference(String id, long created, String model, List<Map<String, Object>> messages, String chosen, String rejected) {
    public Preference {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(chosen, "chosen");
        Objects.requireNonNull(rejected, "rejected");
        messages = List.copyOf(messages);
    }
}
