package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Gate;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;

/// What all languages share.
///
/// @param timer for deadlines and for looking after clients
public record ApiContext(ModelPool models, ServerSettings.Limits limits, Answered.Listener listener, ScheduledExecutorService timer) {
    /// Fields that nobody has asked for are no error; the answer names them.
    static void nameIgnored(Fields fields, ServerResponse response) {
        Set<String> ignored = fields.unread();
        ignored.removeAll(Set.of("metadata", "store", "service_tier", "user", "safety_identifier", "prompt_cache_key"));
        if (!ignored.isEmpty()) {
            String names = String.join(",", ignored.stream().limit(20).map(name -> name.replaceAll("[^A-Za-z0-9_.-]", "?")).toList());
            response.header(HeaderNames.create("X-Jackdaw-Ignored"), names.length() > 500 ? names.substring(0, 500) : names);
        }
    }

    /// An answer has reached its client.
    void tell(String id, long created, String model, String user, Chat.Ask ask, Writer.Written written, ServerRequest request) {
        listener.answered(new Answered(id, created, model, user, keyOf(request), ask.messages(), ask.tools(), ask.schema(), written.message(), written.finishReason(),
                written.result().promptIds().length, written.result().ids().length, written.firstNanos() / 1_000_000, written.nanos() / 1_000_000));
    }

    /// Whose key a request came with, or null.
    static String keyOf(ServerRequest request) {
        return request.context().get(Gate.OWNER, String.class).orElse(null);
    }
}
