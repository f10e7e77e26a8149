package dev.jackdaw.cli;

import dev.jackdaw.lab.probe.LogitLens;
import dev.jackdaw.lab.probe.ProbePage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `jackdaw probe lens`: what a model would say after each of its layers.
@Command(name = "lens", description = "Logit lens: what the model would predict if it ended after each layer. Shows the last position; a page shows all.")
final class ProbeLensCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ProbedPrompt prompt;

    @Option(names = "--top", paramLabel = "K", defaultValue = "5", description = "How many tokens to name in each place.")
    private int top;

    @Override
    public Integer call() throws IOException {
        if (top < 1) {
            throw common.wrong("--top " + top + ": give at least 1");
        }
        prompt.look(common, (model, ids) -> {
            LogitLens lens = LogitLens.of(model, ids, top);
            if (prompt.hasOut()) {
                prompt.write(ProbePage.of(prompt.name(), lens, null), common.output());
            }
            common.output().json(lens);
            print(lens, common.output());
        });
        return 0;
    }

    static void print(LogitLens lens, Output output) {
        List<List<String>> rows = new ArrayList<>();
        for (int layers = 0; layers < lens.rows().size(); layers++) {
            LogitLens.Cell cell = lens.rows().get(layers).getLast();
            LogitLens.Guess best = cell.top().getFirst();
            rows.add(List.of(Integer.toString(layers), String.format(Locale.ROOT, "%.1f%%", 100 * best.probability()), best.text(),
                    String.format(Locale.ROOT, "%.1f%%", 100 * cell.finalProbability()), String.format(Locale.ROOT, "%.2f", cell.entropyBits()),
                    String.format(Locale.ROOT, "%.2f", cell.klBits())));
        }
        output.line("after \"" + lens.text().tokens().getLast().text() + "\", the last of " + lens.text().tokens().size() + " tokens");
        output.table(List.of("layers", "p", "first guess", "p of the final guess", "entropy, bits", "KL to the end, bits"), rows);
    }
}
