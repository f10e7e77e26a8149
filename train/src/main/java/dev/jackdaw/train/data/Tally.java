package dev.jackdaw.train.data;

import java.util.EnumMap;
import java.util.Map;

/// Counts what was left out, and why. Not thread-safe: one thread counts.
public final class Tally {
    /// @param documents how many
    /// @param bytes     their length as found; 0 where it was never read
    /// @param example   the first one
    public record Count(long documents, long bytes, String example) {
        Count plus(long moreBytes) {
            return new Count(documents + 1, bytes + moreBytes, example);
        }
    }

    private final Map<Reason, Count> counts = new EnumMap<>(Reason.class);

    public void add(Reason reason, String id, long bytes) {
        counts.merge(reason, new Count(1, bytes, id), (old, one) -> old.plus(one.bytes()));
    }

    /// In the order of [Reason].
    public Map<Reason, Count> counts() {
        return java.util.Collections.unmodifiableMap(counts);
    }

    public Count of(Reason reason) {
        return counts.getOrDefault(reason, new Count(0, 0, ""));
    }

    public long documents() {
        return counts.values().stream().mapToLong(Count::documents).sum();
    }

    /// `3 binary (a/b.bin), 1 empty (c.txt)`, for messages.
    public String describe() {
        StringBuilder text = new StringBuilder();
        counts.forEach((reason, count) -> text.append(text.isEmpty() ? "" : ", ").append(count.documents()).append(' ')
            .append(reason.label()).append(" (").append(count.example()).append(')'));
        return text.isEmpty() ? "nothing" : text.toString();
    }
}
