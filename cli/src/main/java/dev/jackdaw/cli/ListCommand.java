package dev.jackdaw.cli;

import dev.jackdaw.model.store.ModelStore;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `jackdaw list`: what is in the store.
@Command(name = "list", description = "List the models in the store.")
final class ListCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    /// What `--json` prints.
    record Result(List<Line> models) {
    }

    record Line(String name, long bytes, String source, String added, String path) {
    }

    @Override
    public Integer call() throws IOException {
        List<Line> lines = ModelStore.home().list().stream().map(stored -> new Line(stored.name(), stored.manifest().bytes(), stored.manifest().source(),
                stored.manifest().added(), stored.model().toString())).toList();
        common.output().json(new Result(lines));
        if (lines.isEmpty()) {
            common.output().line("There are no models in the store yet; see jackdaw pull --help");
        } else {
            common.output().table(List.of("name", "size", "added", "source"), lines.stream().map(line -> List.of(line.name(), DoctorCommand.bytes(line.bytes()),
                    line.added(), line.source())).toList());
        }
        return 0;
    }
}
