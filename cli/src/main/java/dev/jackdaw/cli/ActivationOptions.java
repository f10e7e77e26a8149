package dev.jackdaw.cli;

import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.Device;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/// How numbers meet quantised weights, as a mixin of the commands that carry out a model.
final class ActivationOptions {
    @Option(names = "--activations", order = 900, paramLabel = "HOW", description = "How numbers are multiplied with quantised weights: f32, exactly; or q8, rounded to eight bits, which is faster. "
            + "Default: f32; for chat, bench run and bench serve q8 where the processor multiplies bytes.", showDefaultValue = Visibility.NEVER)
    private String activations;

    boolean isGiven() {
        return activations != null;
    }

    /// A device that multiplies as asked, or else exactly.
    Device exactUnlessAsked(CommonOptions common) {
        return device(common, Activations.F32);
    }

    /// A device that multiplies as asked, or else the fast way.
    Device fastUnlessAsked(CommonOptions common) {
        return device(common, Activations.fast());
    }

    Activations fast(CommonOptions common) {
        return choice(common, Activations.fast());
    }

    private Device device(CommonOptions common, Activations otherwise) {
        Activations choice = choice(common, otherwise);
        if (choice == Activations.Q8) {
            common.output().note("activations: q8, rounded to eight bits%s", activations == null ? "; --activations f32 multiplies exactly" : "");
        }
        return Device.cpu(common.threads(), choice);
    }

    private Activations choice(CommonOptions common, Activations otherwise) {
        if (activations == null) {
            return otherwise;
        }
        if (!List.of("f32", "q8").contains(activations)) {
            throw common.wrong("--activations " + activations + ": give f32 or q8");
        }
        return Activations.valueOf(activations.toUpperCase(Locale.ROOT));
    }
}
