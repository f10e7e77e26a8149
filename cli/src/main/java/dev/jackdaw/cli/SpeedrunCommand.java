package dev.jackdaw.cli;

import dev.jackdaw.train.assistant.AssistantResult;
import dev.jackdaw.train.loop.Pretraining;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `jackdaw speedrun`: the whole recipe, from raw text to two files.
@Command(name = "speedrun", description = "Build an assistant from nothing: tokenizer, pretraining, finetuning, examination, report, and the two files.")
final class SpeedrunCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @ArgGroup(exclusive = false, validate = false, heading = "%nThe run:%n")
    private TrainingOptions training = new TrainingOptions();

    @Override
    public Integer call() throws IOException {
        Pretraining.Result result = PretrainCommand.pretrain(common, training, true);
        Output output = common.output();
        if (result.assistant() != null) {
            print(result.assistant(), output);
        }
        output.line("");
        output.line(output.bold("A language model is two files:"));
        output.line("  %-44s the parameters", result.parameters());
        output.line("  %-44s the program that runs them", "run/Run.java");
        output.line("");
        output.line("Try it:");
        if (result.assistant() != null) {
            output.line("  ./jackdaw chat %s", result.directory());
            output.line("  ./jackdaw chat %s --message \"Which package is ArrayList in?\"", result.directory());
        }
        output.line("  ./jackdaw dream %s", result.assistant() == null ? result.directory() : result.directory().resolve("base.gguf"));
        output.line("  ./jackdaw run %s \"public static void main(\"", result.directory());
        output.line("  ./jackdaw next %s \"public static \"", result.directory());
        output.line("  java run/Run.java %s \"public static void main(\"", result.parameters());
        output.line("Look at it: %s", result.directory().resolve("report.html"));
        return 0;
    }

    private static void print(AssistantResult result, Output output) {
        output.line("");
        List<List<String>> rows = new ArrayList<>();
        for (AssistantResult.Group group : result.groups()) {
            rows.add(List.of(group.name(), Integer.toString(group.n()), percent(group.accuracy()), percent(group.low()) + " to " + percent(group.high()),
                    group.commonest() == null ? "" : group.commonest(), group.commonest() == null ? "" : percent(group.commonestAccuracy())));
        }
        output.table(List.of("examination", "questions", "right", "95% interval", "commonest answer", "right"), rows);
        output.line("%.1f points above the commonest answer, mean of the four kinds; %d of %d turns well formed, %d tokens of other roles; %d of %d questions inside declined",
                result.meanMargin(), result.wellFormed(), result.turns(), result.foreign(), result.insideDeclined(), result.inside());
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f%%", 100 * share);
    }
}
