package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.Adapter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/// Adapters that change the model while it runs.
final class LoraOptions {
    private static final Pattern SCALED = Pattern.compile("(.+)=([-+]?[0-9.]+(?:[eE][-+]?\\d+)?)");

    @Option(names = "--lora", order = 85, paramLabel = "PATH[=SCALE]", description = "Use this LoRA adapter, a folder that PEFT wrote or a GGUF file, SCALE times as strongly as it was trained; may be given several times.",
            showDefaultValue = Visibility.NEVER)
    private List<String> adapters = List.of();

    /// One adapter as it is named on the command line.
    record Scaled(Path path, float scale) {
        static Scaled of(String argument, CommonOptions common) {
            Matcher scaled = SCALED.matcher(argument);
            if (!scaled.matches()) {
                return new Scaled(Path.of(argument), 1);
            }
            try {
                return new Scaled(Path.of(scaled.group(1)), Float.parseFloat(scaled.group(2)));
            } catch (NumberFormatException e) {
                throw common.wrong("--lora " + argument + ": \"" + scaled.group(2) + "\" is not a number");
            }
        }
    }

    /// Lets all texts of the model use them.
    void apply(Model model, CommonOptions common) throws IOException {
        List<Adapter> packed = new ArrayList<>();
        for (String argument : adapters) {
            Scaled scaled = Scaled.of(argument, common);
            packed.add(model.adapter(scaled.path, scaled.scale));
        }
        if (!packed.isEmpty()) {
            model.forward().adapters(packed);
        }
    }
}
