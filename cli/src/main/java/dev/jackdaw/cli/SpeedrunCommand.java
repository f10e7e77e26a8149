package dev.jackdaw.cli;

import dev.jackdaw.train.loop.Pretraining;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `jackdaw speedrun`: the whole recipe, from raw text to two files.
@Command(name = "speedrun", description = "Build a language model from nothing: tokenizer, training, dreams, evaluation, report, and the two files.")
final class SpeedrunCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @ArgGroup(exclusive = false, validate = false, heading = "%nThe run:%n")
    private TrainingOptions training = new TrainingOptions();

    @Override
    public Integer call() throws IOException {
        Pretraining.Result result = PretrainCommand.pretrain(common, training);
        Output output = common.output();
        output.line("");
        output.line(output.bold("A language model is two files:"));
        output.line("  %-44s the parameters", result.parameters());
        output.line("  %-44s the program that runs them", "run/Run.java");
        output.line("");
        output.line("Try it:");
        output.line("  ./jackdaw dream %s", result.directory());
        output.line("  ./jackdaw run %s \"public static void main(\"", result.directory());
        output.line("  ./jackdaw next %s \"public static \"", result.directory());
        output.line("  java run/Run.java %s \"public static void main(\"", result.parameters());
        output.line("Look at it: %s", result.directory().resolve("report.html"));
        return 0;
    }
}
