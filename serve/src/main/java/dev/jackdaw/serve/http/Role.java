package dev.jackdaw.serve.http;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// What a key may do. Which route needs which role: [Access].
public enum Role {
    /// Ask models, rate and compare answers.
    USE,
    /// Label collected answers, which are shown for it.
    LABEL,
    /// Read what was collected, exports, training runs and metrics.
    MONITOR,
    /// All of it, and erase users.
    ADMIN;

    /// As the file of keys spells it.
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<Role> of(String label) {
        return Arrays.stream(values()).filter(role -> role.label().equals(label)).findFirst();
    }
}
