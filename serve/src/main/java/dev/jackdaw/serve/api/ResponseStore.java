package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Message;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// Responses that a client may name in its next request, so that it need not send the conversation again. In memory only, so a server that
/// restarts has forgotten them; bounded in time, number and size, the oldest go first. Only the key that asked for one finds it.
final class ResponseStore {
    static final int MINUTES = 60;
    private static final int MOST = 1000;
    private static final long MOST_CHARACTERS = 32L << 20;

    /// @param body         as it was sent
    /// @param conversation up to and including the answer
    /// @param key          owner of the API key, or null
    record Kept(String body, List<Message> conversation, String key) {
        long characters() {
            long sum = body.length();
            for (Message message : conversation) {
                sum += message.content().length() + (message.reasoning() == null ? 0 : message.reasoning().length());
            }
            return sum;
        }
    }

    private record Timed(Kept kept, long since) {
    }

    private final Map<String, Timed> all = new LinkedHashMap<>();
    private long characters;

    synchronized void put(String id, Kept kept) {
        trim();
        all.put(id, new Timed(kept, System.nanoTime()));
        characters += kept.characters();
        trim();
    }

    synchronized Optional<Kept> find(String id, String key) {
        trim();
        return Optional.ofNullable(all.get(id)).map(Timed::kept).filter(kept -> Objects.equals(kept.key, key));
    }

    synchronized void remove(String id) {
        Timed gone = all.remove(id);
        characters -= gone == null ? 0 : gone.kept.characters();
    }

    private void trim() {
        long now = System.nanoTime();
        for (Iterator<Timed> each = all.values().iterator(); each.hasNext(); ) {
            Timed oldest = each.next();
            if (all.size() <= MOST && characters <= MOST_CHARACTERS && now - oldest.since < MINUTES * 60_000_000_000L) {
                return;
            }
            each.remove();
            characters -= oldest.kept.characters();
        }
    }
}
