package dev.jackdaw.train.chat;

import dev.jackdaw.train.data.DataException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// The lines that gave no conversation: each is told to a listener, counted by its [Fault], and the first are kept. Not thread-safe.
public final class Rejections {
    /// How many are kept with their reason; all are counted.
    private static final int KEPT = 10_000;

    /// @param file   where
    /// @param line   its number, from 1
    /// @param reason what was found and what was expected
    public record Rejection(String file, long line, Fault fault, String reason) {
        @Override
        public String toString() {
            return file + ": line " + line + ": " + fault.label() + ": " + reason;
        }
    }

    private final boolean strict;
    private final Consumer<Rejection> listener;
    private final Map<Fault, Long> counts = new EnumMap<>(Fault.class);
    private final List<Rejection> kept = new ArrayList<>();

    /// @param strict the first one ends the reading
    public Rejections(boolean strict, Consumer<Rejection> listener) {
        this.strict = strict;
        this.listener = listener;
    }

    /// @throws DataException if the reading is strict
    public void add(String file, long line, Fault fault, String reason) {
        Rejection rejection = new Rejection(file, line, fault, reason);
        counts.merge(fault, 1L, Long::sum);
        if (kept.size() < KEPT) {
            kept.add(rejection);
        }
        listener.accept(rejection);
        if (strict) {
            throw new DataException(rejection + "; leave --strict out to pass over such lines");
        }
    }

    public long count() {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    /// In the order of [Fault].
    public Map<Fault, Long> counts() {
        return java.util.Collections.unmodifiableMap(counts);
    }

    /// The first ten thousand.
    public List<Rejection> kept() {
        return List.copyOf(kept);
    }

    /// `3 role order, 1 too long`; `none`.
    public String describe() {
        StringBuilder text = new StringBuilder();
        counts.forEach((fault, count) -> text.append(text.isEmpty() ? "" : ", ").append(count).append(' ').append(fault.label()));
        return text.isEmpty() ? "none" : text.toString();
    }
}
