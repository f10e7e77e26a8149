package dev.jackdaw.cli;

import dev.jackdaw.model.store.ModelStore;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `jackdaw cp`: another name for a model.
@Command(name = "cp", description = "Give a model in the store a second name.")
final class CopyCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "NAME", description = "A name that jackdaw list shows.")
    private String from;

    @Parameters(index = "1", paramLabel = "NEW", description = "The second name.")
    private String to;

    /// What `--json` prints.
    record Result(String name, String path) {
    }

    @Override
    public Integer call() throws IOException {
        ModelStore.Stored stored = ModelStore.home().copy(from, to);
        common.output().json(new Result(stored.name(), stored.model().toString()));
        common.output().line("%s is now called %s too", from, stored.name());
        return 0;
    }
}
