package dev.jackdaw.cli;

import dev.jackdaw.train.report.Report;
import dev.jackdaw.train.sweep.Sweep;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `jackdaw report`: the pictures of a run, anew from its plain files; also while it is still going.
@Command(name = "report", description = "Write report.html and report.md of a training run or a sweep from its files.")
final class ReportCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "RUN", description = "The directory of a training run or of a sweep.")
    private Path run;

    /// What `--json` prints.
    record Result(String html, String markdown) {
    }

    @Override
    public Integer call() throws IOException {
        if (Sweep.isAt(run)) {
            Sweep.report(run);
        } else {
            Report.write(run);
        }
        common.output().json(new Result(run.resolve("report.html").toString(), run.resolve("report.md").toString()));
        common.output().line(run.resolve("report.html").toString());
        return 0;
    }
}
