package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.tensor.kernel.CacheType;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/// How keys and values of earlier tokens are kept; for commands that read or write texts.
final class CacheOptions {
    @Option(names = "--cache-type", order = 900, paramLabel = "TYPE", showDefaultValue = Visibility.NEVER,
            description = "How keys and values of earlier tokens are kept: f32, f16 or q8_0, each half as large as the one before or nearly so. "
                    + "Default: f16 to chat and to measure speed, else f32, which loses nothing.")
    private String type;

    /// The type asked for, or `otherwise`.
    CacheType type(CacheType otherwise, CommonOptions common) {
        try {
            return type == null ? otherwise : CacheType.of(type);
        } catch (IllegalArgumentException e) {
            throw common.wrong("--cache-type " + type + ": give f32, f16 or q8_0");
        }
    }

    /// Tells the model, before its first text.
    void apply(Model model, CacheType otherwise, CommonOptions common) {
        model.forward().cacheType(type(otherwise, common));
    }
}
