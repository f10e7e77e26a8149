package dev.jackdaw.serve.api;

import dev.jackdaw.model.generate.TokenProbability;
import dev.jackdaw.model.token.Tokenizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Probabilities of tokens that are still to be sent, in OpenAI's form.
final class LogprobList {
    private static final double LEAST = -9999;            // JSON knows no infinity

    private final Tokenizer tokenizer;
    private final List<Object> entries = new ArrayList<>();

    LogprobList(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /// @param probability or null
    void add(TokenProbability probability) {
        if (probability != null) {
            Map<String, Object> entry = entry(probability);
            entry.put("top_logprobs", probability.top().stream().map(this::entry).toList());
            entries.add(entry);
        }
    }

    private Map<String, Object> entry(TokenProbability probability) {
        byte[] bytes = tokenizer.bytes(probability.id());
        int[] numbers = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            numbers[i] = bytes[i] & 0xFF;
        }
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("token", tokenizer.decode(probability.id()));
        entry.put("logprob", Math.max(LEAST, probability.logprob()));
        entry.put("bytes", numbers);
        entry.put("id", probability.id());
        return entry;
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    /// What came since it was last asked for.
    Map<String, Object> takeMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("content", List.copyOf(entries));
        entries.clear();
        return map;
    }
}
