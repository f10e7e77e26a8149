package dev.jackdaw.serve.http;

import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.ServerSettings.ApiKey;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.FilterChain;
import io.helidon.webserver.http.RoutingRequest;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerRequest;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;

/// Who may ask. Before anything of a request is looked at:
///
/// - A loopback server answers only to names of this machine in `Host`, so that a page on the internet whose name was bent to 127.0.0.1
///   (DNS rebinding) reaches nothing.
/// - A browser's request from another site is refused, unless the settings name its origin: `Origin`, and `Sec-Fetch-Site` where there is none.
/// - Where keys are set, one is needed for all but the page's own files and the probes. Keys are compared by their hashes.
/// - A key's requests and tokens are counted, see [Quotas].
/// - A key needs the role of the route, see [Access]. Where no keys are set, which only a loopback server may do, everybody may do everything.
public final class Gate implements Filter {
    /// In the request's context: the name of a key's owner.
    public static final String OWNER = "jackdaw.key.owner";
    private static final ScopedValue<String> CALLER = ScopedValue.newInstance();
    private static final HeaderName FETCH_SITE = HeaderNames.create("Sec-Fetch-Site");
    private static final HeaderName FETCH_MODE = HeaderNames.create("Sec-Fetch-Mode");
    private static final HeaderName API_KEY = HeaderNames.create("x-api-key");
    private static final HeaderName ALLOW_PRIVATE = HeaderNames.create("Access-Control-Allow-Private-Network");

    private final ServerSettings.Network network;
    private final Quotas quotas;
    private final boolean isLoopback;

    public Gate(ServerSettings.Network network, Quotas quotas) {
        this.network = network;
        this.quotas = quotas;
        isLoopback = isLoopback(network.host());
        if (!isLoopback && network.keys().isEmpty()) {
            throw new IllegalArgumentException("serve: " + network.host() + " can be reached from other machines, and no API key is set; name a file of keys with --keys, or listen on 127.0.0.1");
        }
    }

    public static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("serve: there is no address " + host, e);
        }
    }

    @Override
    public void filter(FilterChain chain, RoutingRequest request, RoutingResponse response) {
        requireHost(request);
        if (requireOrigin(request, response)) {
            return;
        }
        String method = request.prologue().method().text();
        Access.Needed needed = Access.of(method, request.prologue().uriPath()).orElseThrow(() -> ApiError.missing("not_found", "there is nothing at " + quoted(method + " " + request.path().path())
                + "; /openapi.json describes what there is"));
        if (!needed.isOpen()) {
            Optional<ApiKey> key = key(request);
            quotas.enter(key.orElse(null));
            if (key.isPresent()) {
                request.context().register(OWNER, key.get().name());
                requireRole(key.get(), needed, method + " " + request.path().path());
                ScopedValue.where(CALLER, key.get().name()).run(chain::proceed);
                return;
            }
        }
        chain.proceed();
    }

    private static void requireRole(ApiKey key, Access.Needed needed, String what) {
        if (!key.roles().contains(needed.role()) && !key.roles().contains(Role.ADMIN) && !key.name().equals(needed.own())) {
            throw ApiError.refused("role_needed", "the key of " + key.name() + " has the roles [" + String.join(", ", key.roles().stream().sorted().map(Role::label).toList()) + "], and " + quoted(what)
                    + " needs " + needed.role().label() + (needed.own() == null ? "" : " unless the user is " + key.name()) + "; use another key, or add the role to this one in the server's file of keys");
        }
    }

    /// The owner of the key that the request being handled by this thread came with, or null.
    public static String caller() {
        return CALLER.isBound() ? CALLER.get() : null;
    }

    private void requireHost(ServerRequest request) {
        if (!isLoopback) {
            return;
        }
        String host = name(request.authority());
        if (!host.equals("localhost") && !host.equals("::1") && !host.matches("127(\\.\\d{1,3}){3}") && !host.equals(network.host())) {
            throw new ApiError(421, "wrong_host", "Host", "this server answers to names of this machine only, such as localhost, and not to " + quoted(host), 0);
        }
    }

    /// @return the request was a question of the browser (CORS preflight), and is answered
    private boolean requireOrigin(RoutingRequest request, RoutingResponse response) {
        Optional<String> origin = request.headers().first(HeaderNames.ORIGIN);
        if (origin.isEmpty()) {
            String site = request.headers().first(FETCH_SITE).orElse("none");
            boolean isNavigation = request.headers().first(FETCH_MODE).orElse("").equals("navigate") && request.prologue().method() == Method.GET;
            if (!site.equals("none") && !site.equals("same-origin") && !isNavigation) {
                throw ApiError.refused("cross_site", "requests from other sites are refused (Sec-Fetch-Site: " + quoted(site) + ")");
            }
            return false;
        }
        if (isOwn(origin.get(), request)) {
            return false;
        }
        if (!network.origins().contains(origin.get())) {
            throw ApiError.refused("cross_site", "requests from pages of " + quoted(origin.get()) + " are refused; allow them with --allow-origin");
        }
        response.header(HeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, origin.get()).header(HeaderNames.VARY, "Origin");
        if (request.prologue().method() == Method.OPTIONS) {
            response.header(HeaderNames.ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE").header(HeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, x-api-key, anthropic-version")
                    .header(HeaderNames.ACCESS_CONTROL_MAX_AGE, "600").header(ALLOW_PRIVATE, "true");
            response.status(204).send();
            return true;
        }
        return false;
    }

    private static boolean isOwn(String origin, ServerRequest request) {
        try {
            URI uri = URI.create(origin);
            return uri.getAuthority() != null && uri.getAuthority().equalsIgnoreCase(request.authority()) && uri.getScheme().equals(request.isSecure() ? "https" : "http");
        } catch (IllegalArgumentException _) {
            return false;
        }
    }

    private Optional<ApiKey> key(ServerRequest request) {
        if (network.keys().isEmpty()) {
            return Optional.empty();
        }
        String given = request.headers().first(HeaderNames.AUTHORIZATION).filter(value -> value.regionMatches(true, 0, "Bearer ", 0, 7)).map(value -> value.substring(7).strip())
                .or(() -> request.headers().first(API_KEY)).orElse(null);
        if (given == null) {
            throw new ApiError(401, "missing_api_key", null, "an API key is needed; send Authorization: Bearer KEY", 0);
        }
        byte[] hash = sha256(given).getBytes(StandardCharsets.US_ASCII);
        ApiKey found = null;
        for (ApiKey key : network.keys()) {
            if (MessageDigest.isEqual(hash, key.sha256().toLowerCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII))) {
                found = key;
            }
        }
        if (found == null) {
            throw new ApiError(401, "invalid_api_key", null, "this API key is not known here", 0);
        }
        return Optional.of(found);
    }

    public static String sha256(String key) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Of an authority, without port and brackets.
    private static String name(String authority) {
        if (authority == null) {
            return "";
        }
        String name = authority.startsWith("[") ? authority.substring(1, Math.max(1, authority.indexOf(']'))) : authority.replaceFirst(":\\d*$", "");
        return name.toLowerCase(Locale.ROOT).replaceFirst("\\.$", "");
    }

    private static String quoted(String text) {
        String shown = text.replaceAll("[^\\x20-\\x7e]", "?");
        return "\"" + (shown.length() > 100 ? shown.substring(0, 100) + "…" : shown) + "\"";
    }
}
