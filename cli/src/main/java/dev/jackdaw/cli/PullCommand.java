package dev.jackdaw.cli;

import dev.jackdaw.model.store.Download;
import dev.jackdaw.model.store.ModelSource;
import dev.jackdaw.model.store.ModelStore;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw pull`: a model from elsewhere into the store.
@Command(name = "pull", description = "Bring a model into the store. Interrupted, the same command goes on where it stopped; every file is checked.")
final class PullCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "SOURCE", description = "hf.co/ORG/REPO, behind a colon the file or the quantisation (hf.co/ORG/REPO:Q4_K_M); the address of a .gguf file; or a path of this machine.")
    private String source;

    @Option(names = "--name", paramLabel = "NAME", description = "What to call it. Default: as the file or repository.", showDefaultValue = Visibility.NEVER)
    private String name;

    @Option(names = "--sha256", paramLabel = "HEX", description = "What the file behind a plain address must hash to; of a repository it is known.", showDefaultValue = Visibility.NEVER)
    private String sha256;

    @Option(names = "--offline", description = "Do not touch the network: succeed only if the model is in the store, or SOURCE is a path.", showDefaultValue = Visibility.NEVER)
    private boolean offline;

    /// What `--json` prints.
    record Result(String name, String path, String source, long bytes) {
    }

    @Override
    public Integer call() throws IOException {
        if (sha256 != null && !sha256.matches("[0-9a-fA-F]{64}")) {
            throw common.wrong("--sha256 " + sha256 + ": expected 64 hexadecimal digits");
        }
        ModelStore store = ModelStore.home();
        ModelSource from = ModelSource.of(source);
        ModelStore.Stored stored;
        if (offline && !(from instanceof ModelSource.Local)) {
            stored = store.list().stream().filter(each -> each.manifest().source().equals(from.toString())).findFirst()
                    .orElseThrow(() -> new IOException("pull " + from + ": it is not in the store, and --offline forbids to ask the network"));
        } else {
            try (Bar bar = new Bar(common.output())) {
                stored = store.pull(from, ModelStore.Options.usual().named(name, sha256), bar);
            }
        }
        common.output().json(new Result(stored.name(), stored.model().toString(), stored.manifest().source(), stored.manifest().bytes()));
        common.output().line("%s: %s in %d files; try: jackdaw chat %s", stored.name(), DoctorCommand.bytes(stored.manifest().bytes()), stored.manifest().files().size(), stored.name());
        return 0;
    }

    /// The progress of all files as one bar, drawn once the size is known.
    private static final class Bar implements Download.Progress, AutoCloseable {
        private final Output output;
        private ProgressBar bar;

        Bar(Output output) {
            this.output = output;
        }

        @Override
        public void total(long bytes) {
            bar = output.progress("pull", bytes, "bytes");
        }

        @Override
        public void done(long bytes) {
            bar.update(bytes);
        }

        @Override
        public void note(String text) {
            bar.note(text);
        }

        @Override
        public void close() {
            if (bar != null) {
                bar.close();
            }
        }
    }
}
