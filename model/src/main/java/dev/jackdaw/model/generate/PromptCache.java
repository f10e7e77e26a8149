package dev.jackdaw.model.generate;

import dev.jackdaw.model.token.TokenList;

/// Keeps what the model has read from one request to the next, so that a conversation that grew by one turn costs one turn of work. A
/// prompt that differs is read again from the first difference on.
public final class PromptCache implements AutoCloseable {
    private final Predictor predictor;
    private final Predictor.Past past;
    private final TokenList ids = new TokenList();

    public PromptCache(Predictor predictor) {
        this(predictor, predictor.context());
    }

    PromptCache(Predictor predictor, int capacity) {
        this.predictor = predictor;
        past = predictor.newText(capacity);
    }

    /// Reads a prompt, as far as it is new; the logits after it.
    float[] read(int[] prompt) {
        int same = 0;
        while (same < Math.min(prompt.length - 1, ids.size()) && ids.get(same) == prompt[same]) {
            same++;
        }
        past.truncate(same);
        int[] kept = ids.toArray();
        ids.clear();
        ids.addAll(kept, 0, same);
        int[] rest = java.util.Arrays.copyOfRange(prompt, same, prompt.length);
        float[] logits = past.logits(rest);
        ids.addAll(rest);
        return logits;
    }

    float[] append(int token) {
        float[] logits = past.logits(token);
        ids.add(token);
        return logits;
    }

    /// A guess at the token after the last logits, or null.
    Proposal proposal() {
        return past.proposal();
    }

    Predictor predictor() {
        return predictor;
    }

    @Override
    public void close() {
        past.close();
    }
}
