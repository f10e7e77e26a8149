package dev.jackdaw.cli;

import dev.jackdaw.model.store.ModelStore;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `jackdaw rm`: out of the store.
@Command(name = "rm", description = "Remove models from the store.")
final class RemoveCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(arity = "1..*", paramLabel = "NAME", description = "Names as jackdaw list shows them.")
    private List<String> names;

    /// What `--json` prints.
    record Result(List<String> removed, long bytes) {
    }

    @Override
    public Integer call() throws IOException {
        ModelStore store = ModelStore.home();
        long bytes = 0;
        for (String name : names) {
            bytes += store.remove(name);
            common.output().line("removed " + name);
        }
        common.output().json(new Result(names, bytes));
        return 0;
    }
}
