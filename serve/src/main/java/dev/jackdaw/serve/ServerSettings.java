package dev.jackdaw.serve;

import dev.jackdaw.serve.http.Role;
import dev.jackdaw.serve.models.ModelSource;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.Machine;
import dev.jackdaw.tensor.Switches;
import dev.jackdaw.tensor.kernel.CacheType;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/// All that can be set, each with its usual value; flags, environment and a file fill it.
public record ServerSettings(Network network, Limits limits, Models models, Data data) {
    /// @param host    address to listen on
    /// @param port    0: any that is free
    /// @param keys    who may ask; empty: anybody, which only a loopback address may have
    /// @param origins of pages, other than our own, that a browser may call from
    /// @param certificate and key in PEM, or null for plain HTTP
    public record Network(String host, int port, List<ApiKey> keys, List<String> origins, Path certificate, Path key) {
        public static Network loopback(int port) {
            return new Network("127.0.0.1", port, List.of(), List.of(), null, null);
        }
    }

    /// @param name              of its owner, as logs and limits say it
    /// @param sha256            of the key, in hexadecimal; the key itself is not kept
    /// @param requestsPerMinute 0: no limit
    /// @param tokensPerDay      read and written together; 0: no limit
    /// @param roles             what it may do
    public record ApiKey(String name, String sha256, int requestsPerMinute, long tokensPerDay, Set<Role> roles) {
        public ApiKey {
            roles = Set.copyOf(roles);
        }
    }

    /// @param bodyBytes      of a request
    /// @param answerTokens   of an answer where the request does not say, and at most
    /// @param requestSeconds after which an answer is cut
    /// @param choices        answers to one request (`n`)
    /// @param graceSeconds   that running answers have when the server ends
    public record Limits(long bodyBytes, int answerTokens, int requestSeconds, int choices, int graceSeconds) {
        public static Limits usual() {
            return new Limits(16L << 20, 4096, 600, 16, 20);
        }
    }

    /// @param sources     what can be asked for; the first is the usual one
    /// @param memoryBytes of all loaded models together
    /// @param sequences   that one model writes at the same time
    /// @param waiting     requests in a model's queue
    /// @param cacheBytes  of keys and values of one model; 0: a quarter of the memory that is free
    public record Models(List<ModelSource> sources, long memoryBytes, int sequences, int waiting, long cacheBytes, int threads, Activations activations, CacheType cacheType) {
        public static Models of(List<ModelSource> sources) {
            long free = Machine.availableBytes();
            return new Models(sources, free < 0 ? Long.MAX_VALUE : free / 10 * 8, 16, 256, 0, Switches.THREADS, Activations.fast(), CacheType.F16);
        }
    }

    /// What is kept of answers.
    public enum Keep { NOTHING, FEEDBACK, FLAGGED, EVERYTHING }

    /// @param database      JDBC address of PostgreSQL or SQLite
    /// @param retentionDays 0: for ever
    /// @param runs          folder of training runs that the page shows
    /// @param logPrompts    also what was asked and answered goes to the log
    /// @param refusals      a file with further ways in which models decline, for the checks of answers; or null
    public record Data(String database, Keep keep, int retentionDays, Path runs, boolean logPrompts, Path refusals) {
        public Data(String database, Keep keep, int retentionDays, Path runs, boolean logPrompts) {
            this(database, keep, retentionDays, runs, logPrompts, null);
        }

        public static Data usual() {
            return new Data("jdbc:sqlite:" + Switches.data().resolve("feedback.db"), Keep.FEEDBACK, 90, Path.of("runs"), false);
        }
    }

    public static ServerSettings of(int port, List<ModelSource> sources) {
        return new ServerSettings(Network.loopback(port), Limits.usual(), Models.of(sources), Data.usual());
    }
}
