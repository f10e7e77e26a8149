package dev.jackdaw.serve.feedback;

import java.util.List;
import java.util.Map;

/// Two answers to one question, and which a person found better.
///
/// @param person as stored, see [People]
/// @param choice `a`, `b`, `tie` or `neither`
public record Comparison(String id, long created, String model, String person, List<Map<String, Object>> messages, String a, String b, String choice) {
    static final List<String> CHOICES = List.of("a", "b", "tie", "neither");
}
