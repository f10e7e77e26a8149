package dev.jackdaw.serve;

import dev.jackdaw.serve.ServerSettings.ApiKey;
import dev.jackdaw.serve.http.Gate;
import dev.jackdaw.serve.http.Role;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/// API keys in a YAML file:
///
/// ```yaml
/// - name: reports
///   sha256: 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b   # printf %s KEY | sha256sum
///   requestsPerMinute: 60      # left out: no limit
///   tokensPerDay: 1000000
///   roles: [use]               # use, label, monitor, admin; left out: [use]
/// ```
///
/// What the roles mean: [Role].
public final class KeyFile {
    private static final Set<String> KNOWN = Set.of("name", "sha256", "key", "requestsPerMinute", "tokensPerDay", "roles");
    private static final int SHORTEST = 16;

    private KeyFile() {
    }

    public static List<ApiKey> read(Path file) throws IOException {
        JsonNode root;
        try {
            root = new YAMLMapper().readTree(Files.readString(file));
        } catch (JacksonException e) {
            throw new IOException("keys: " + file + " is not YAML: " + e.getOriginalMessage(), e);
        }
        if (root == null || !root.isArray() || root.isEmpty()) {
            throw new IOException("keys: " + file + " must be a list of keys with name and sha256, and have at least one");
        }
        List<ApiKey> keys = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (JsonNode entry : root) {
            String where = "keys: " + file + ", entry " + (keys.size() + 1);
            if (!entry.isObject()) {
                throw new IOException(where + " is not an object with name and sha256");
            }
            for (String field : entry.propertyNames()) {
                if (!KNOWN.contains(field)) {
                    throw new IOException(where + " has the field " + field + "; known are name, sha256, key, requestsPerMinute, tokensPerDay, roles");
                }
            }
            String name = entry.path("name").asString(""), hash = entry.path("sha256").asString(""), key = entry.path("key").asString("");
            if (name.isBlank() || !names.add(name)) {
                throw new IOException(where + " needs a name of its own");
            }
            if (key.isEmpty() == hash.isEmpty() || hash.isEmpty() && key.length() < SHORTEST || !hash.isEmpty() && !hash.matches("[0-9a-fA-F]{64}")) {
                throw new IOException(where + " (" + name + ") needs either sha256, 64 hexadecimal digits, or key, at least " + SHORTEST + " characters");
            }
            keys.add(new ApiKey(name, hash.isEmpty() ? Gate.sha256(key) : hash, (int) limit(entry, "requestsPerMinute", where), limit(entry, "tokensPerDay", where), roles(entry, where)));
        }
        return keys;
    }

    private static Set<Role> roles(JsonNode entry, String where) throws IOException {
        JsonNode value = entry.path("roles");
        if (value.isMissingNode()) {
            return EnumSet.of(Role.USE);
        }
        Set<Role> roles = EnumSet.noneOf(Role.class);
        for (JsonNode each : value) {
            Role.of(each.asString("")).ifPresent(roles::add);
        }
        if (!value.isArray() || value.isEmpty() || roles.size() != value.size()) {
            throw new IOException(where + ": roles is " + value + "; it must be a list of " + String.join(", ", Arrays.stream(Role.values()).map(Role::label).toList()) + ", each at most once");
        }
        return roles;
    }

    private static long limit(JsonNode entry, String field, String where) throws IOException {
        JsonNode value = entry.path(field);
        if (!value.isMissingNode() && (!value.isIntegralNumber() || value.asLong() < 1 || value.asLong() > Integer.MAX_VALUE && field.equals("requestsPerMinute"))) {
            throw new IOException(where + ": " + field + " is " + value + "; it must be a whole number, at least 1");
        }
        return value.asLong(0);
    }
}
