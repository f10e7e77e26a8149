package dev.jackdaw.serve.feedback;

import java.util.Map;

/// What a labeller made of an item.
///
/// @param labeller as stored, see [People]
/// @param seconds  it took; 0 if unknown
public record Label(String id, long created, String itemId, String labeller, Value value, double seconds) {
    /// What was done.
    public sealed interface Value {
        /// An answer, written or combined.
        record Text(String text) implements Value {
        }

        /// One of the candidates, from 0; -1: none is acceptable.
        record Choice(int candidate) implements Value {
            static final int NONE = -1;
        }

        /// It was seen and passed over.
        record Skip() implements Value {
        }
    }

    static String json(Value value) {
        return Columns.json(switch (value) {
            case Value.Text(String text) -> Map.of("text", text);
            case Value.Choice(int candidate) -> Map.of("choice", candidate);
            case Value.Skip() -> Map.of("skip", true);
        });
    }

    static Value value(String json) {
        Map<String, Object> map = Columns.map(json);
        return map.get("text") instanceof String text ? new Value.Text(text) : map.get("choice") instanceof Number choice ? new Value.Choice(choice.intValue()) : new Value.Skip();
    }

}
