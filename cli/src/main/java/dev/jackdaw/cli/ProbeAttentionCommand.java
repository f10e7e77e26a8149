package dev.jackdaw.cli;

import dev.jackdaw.lab.probe.AttentionMaps;
import dev.jackdaw.lab.probe.ProbePage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `jackdaw probe attention`: where every head looks.
@Command(name = "attention", description = "Attention weights of every layer and head for a prompt. Shows where each head looks in short; a page shows maps.")
final class ProbeAttentionCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ProbedPrompt prompt;

    @Override
    public Integer call() throws IOException {
        prompt.look(common, (model, ids) -> {
            AttentionMaps maps = AttentionMaps.of(model, ids);
            if (prompt.hasOut()) {
                prompt.write(ProbePage.of(prompt.name(), null, maps), common.output());
            }
            common.output().json(maps);
            print(maps, common.output());
        });
        return 0;
    }

    static void print(AttentionMaps maps, Output output) {
        List<List<String>> rows = new ArrayList<>();
        for (int layer = 0; layer < maps.heads().size(); layer++) {
            for (int head = 0; head < maps.heads().get(layer).size(); head++) {
                AttentionMaps.Facts facts = maps.heads().get(layer).get(head).facts();
                rows.add(List.of(Integer.toString(layer + 1), Integer.toString(head + 1), percent(facts.self()), percent(facts.previous()), percent(facts.first()),
                        percent(facts.induction()), String.format(Locale.ROOT, "%.2f", facts.entropyBits())));
            }
        }
        output.table(List.of("layer", "head", "itself", "previous", "first", "after a copy", "entropy, bits"), rows);
    }

    private static String percent(Double share) {
        return share == null ? "-" : String.format(Locale.ROOT, "%.1f%%", 100 * share);
    }
}
