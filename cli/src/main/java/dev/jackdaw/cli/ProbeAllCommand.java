package dev.jackdaw.cli;

import dev.jackdaw.lab.probe.AttentionMaps;
import dev.jackdaw.lab.probe.LogitLens;
import dev.jackdaw.lab.probe.ProbePage;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `jackdaw probe all`: lens and attention on one page.
@Command(name = "all", description = "Logit lens and attention of a prompt on one page.")
final class ProbeAllCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ProbedPrompt prompt;

    @Option(names = "--top", paramLabel = "K", defaultValue = "5", description = "How many tokens to name in each place.")
    private int top;

    /// What `--json` prints.
    record Result(LogitLens lens, AttentionMaps attention) {
    }

    @Override
    public Integer call() throws IOException {
        if (top < 1) {
            throw common.wrong("--top " + top + ": give at least 1");
        }
        prompt.look(common, (model, ids) -> {
            LogitLens lens = LogitLens.of(model, ids, top);
            AttentionMaps attention = AttentionMaps.of(model, ids);
            if (prompt.hasOut()) {
                prompt.write(ProbePage.of(prompt.name(), lens, attention), common.output());
            }
            common.output().json(new Result(lens, attention));
            ProbeLensCommand.print(lens, common.output());
            ProbeAttentionCommand.print(attention, common.output());
        });
        return 0;
    }
}
