package dev.jackdaw.cli;

import dev.jackdaw.train.chat.Rejections;
import dev.jackdaw.train.loop.Run;

/// What every training shows alike: one bar at a time, rejected lines, where it goes on.
abstract class RunProgress implements Run.Listener, AutoCloseable {
    final Output output;
    /// Null between two pieces of work.
    ProgressBar bar;
    String phase = "";
    private final RejectedLines rejected;

    RunProgress(Output output) {
        this.output = output;
        rejected = new RejectedLines(output);
    }

    public void phase(String name) {
        close();
        phase = name;
    }

    public void rejected(Rejections.Rejection rejection) {
        rejected.tell(rejection);
    }

    @Override
    public void resumed(long step) {
        output.note("resuming after step %,d", step);
    }

    @Override
    public void damaged(String problem) {
        output.note("%s; trying the one before", problem);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}
