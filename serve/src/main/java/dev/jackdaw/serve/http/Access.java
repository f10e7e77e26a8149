package dev.jackdaw.serve.http;

import io.helidon.common.uri.UriPath;
import io.helidon.http.PathMatcher;
import io.helidon.http.PathMatchers;
import io.helidon.http.RoutedPath;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Which role each route needs, in one table. What does not stand here does not exist, whatever a service registers: a new route that is
/// forgotten answers 404 from its first try on, not to everybody.
public final class Access {
    private static final List<Rule> RULES = new ArrayList<>();

    static {
        open("GET", StaticFiles.PAGES);
        open("HEAD", StaticFiles.PAGES);
        open("GET", List.of("/assets/{+file}", "/openapi.json", "/health", "/ready"));
        open("HEAD", List.of("/assets/{+file}"));

        rule(Role.USE, "POST", "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/rerank", "/v1/responses", "/v1/messages", "/v1/messages/count_tokens",
                "/v1/tokenize", "/v1/detokenize", "/tokenize", "/detokenize");
        rule(Role.USE, "GET", "/v1/models", "/v1/models/{+id}", "/v1/responses/{id}");
        rule(Role.USE, "DELETE", "/v1/responses/{id}");                          // one's own: others are not found
        rule(Role.USE, "POST", "/api/chat", "/api/generate", "/api/embed", "/api/embeddings", "/api/show");
        rule(Role.USE, "GET", "/api/tags", "/api/ps", "/api/version");
        rule(Role.USE, "POST", "/jackdaw/prompt", "/jackdaw/abilities/{name}", "/jackdaw/feedback", "/jackdaw/comparisons");
        rule(Role.USE, "GET", "/jackdaw/models", "/jackdaw/privacy");

        rule(Role.LABEL, "GET", "/jackdaw/labels/tasks", "/jackdaw/labels/next", "/jackdaw/labels/agreement");
        rule(Role.LABEL, "POST", "/jackdaw/labels");

        rule(Role.MONITOR, "GET", "/metrics", "/jackdaw/answers", "/jackdaw/answers/{id}", "/jackdaw/export/sft.jsonl", "/jackdaw/export/preferences.jsonl",
                "/jackdaw/runs", "/jackdaw/runs/{name}/metrics", "/jackdaw/runs/{name}/samples");

        RULES.add(new Rule("DELETE", "/jackdaw/users/{+user}", Role.ADMIN, "user"));
    }

    /// @param role      or null: nobody needs a key
    /// @param ownNamed  the path's parameter by which a key of any role may mean its owner; or null
    record Rule(String method, String pattern, Role role, String ownNamed, PathMatcher matcher) {
        Rule(String method, String pattern, Role role, String ownNamed) {
            this(method, pattern, role, ownNamed, PathMatchers.create(pattern));
        }
    }

    /// The rule that a request falls under.
    ///
    /// @param own the name that the path gives for the key's owner, or null
    record Needed(Role role, String own) {
        boolean isOpen() {
            return role == null;
        }
    }

    private Access() {
    }

    private static void open(String method, List<String> patterns) {
        patterns.forEach(pattern -> RULES.add(new Rule(method, pattern, null, null)));
    }

    private static void rule(Role role, String method, String... patterns) {
        for (String pattern : patterns) {
            RULES.add(new Rule(method, pattern, role, null));
        }
    }

    /// All of them, as `get /path`, in order.
    public static List<String> routes() {
        return RULES.stream().map(rule -> rule.method.toLowerCase(Locale.ROOT) + " " + rule.pattern.replace("{+", "{")).toList();
    }

    /// Empty: there is no such route.
    static Optional<Needed> of(String method, UriPath path) {
        for (Rule rule : RULES) {
            if (rule.method.equals(method)) {
                PathMatchers.MatchResult match = rule.matcher.match(path);
                if (match.accepted()) {
                    RoutedPath found = match.path();
                    return Optional.of(new Needed(rule.role, rule.ownNamed == null ? null : found.pathParameters().first(rule.ownNamed).orElse(null)));
                }
            }
        }
        return Optional.empty();
    }
}
