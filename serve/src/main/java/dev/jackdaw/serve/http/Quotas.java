package dev.jackdaw.serve.http;

import dev.jackdaw.serve.ServerSettings.ApiKey;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// How much each key has asked for: requests by a bucket that a minute fills (so a burst of one minute's requests is allowed), tokens by the
/// day in UTC. Counts are of this process and begin anew with it.
public final class Quotas {
    private static final long DAY_MILLIS = Duration.ofDays(1).toMillis();

    private final InstantSource clock;
    private final Map<String, Count> counts = new ConcurrentHashMap<>();

    private static final class Count {
        private double requests;              // that are still allowed
        private long millis;                  // when that was
        private long day;
        private long tokens;                  // of that day
        private boolean isNew = true;
    }

    public Quotas(InstantSource clock) {
        this.clock = clock;
    }

    /// Counts a request.
    ///
    /// @param key or null: nobody's, which has no limit
    /// @throws ApiError 429 if it is one too many
    void enter(ApiKey key) {
        if (key == null || key.requestsPerMinute() == 0 && key.tokensPerDay() == 0) {
            return;
        }
        Count count = counts.computeIfAbsent(key.name(), _ -> new Count());
        long now = clock.millis();
        synchronized (count) {
            if (count.isNew) {
                count.isNew = false;
                count.requests = key.requestsPerMinute();
                count.millis = now;
            }
            if (key.requestsPerMinute() > 0) {
                count.requests = Math.min(key.requestsPerMinute(), count.requests + (now - count.millis) / 60_000.0 * key.requestsPerMinute());
                count.millis = now;
                if (count.requests < 1) {
                    int wait = (int) Math.ceil((1 - count.requests) * 60 / key.requestsPerMinute());
                    throw ApiError.tooMany("rate_limit_exceeded", "more than " + key.requestsPerMinute() + " requests a minute came with the key of " + key.name() + "; try again in " + wait + " s", wait);
                }
            }
            if (key.tokensPerDay() > 0 && count.day == now / DAY_MILLIS && count.tokens >= key.tokensPerDay()) {
                int wait = (int) Math.ceilDiv((count.day + 1) * DAY_MILLIS - now, 1000);
                throw ApiError.tooMany("quota_exceeded", "the key of " + key.name() + " has used " + count.tokens + " tokens today, of " + key.tokensPerDay() + "; a new day begins in " + wait + " s", wait);
            }
            if (key.requestsPerMinute() > 0) {
                count.requests--;
            }
        }
    }

    /// Counts tokens of an answer.
    ///
    /// @param owner of the key, or null
    public void spend(String owner, long tokens) {
        if (owner == null) {
            return;
        }
        Count count = counts.computeIfAbsent(owner, _ -> new Count());
        long day = clock.millis() / DAY_MILLIS;
        synchronized (count) {
            count.tokens = count.day == day ? count.tokens + tokens : tokens;
            count.day = day;
        }
    }
}
