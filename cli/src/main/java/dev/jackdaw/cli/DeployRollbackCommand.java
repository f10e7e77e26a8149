package dev.jackdaw.cli;

import dev.jackdaw.serve.improve.Deployment;
import dev.jackdaw.serve.improve.Deployments;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `jackdaw deploy rollback`: at once back to what was served before.
@Command(name = "rollback", description = "End the canary, or without one serve again the version that was served before. Running servers follow at their next request.")
final class DeployRollbackCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME", description = "The deployment.")
    private String name;

    @Override
    public Integer call() throws IOException {
        Deployments deployments = Deployments.here();
        Deployment now = deployments.rollback(name);
        common.output().json(DeployListCommand.listed(deployments, name));
        common.output().line("%s: version %d is served", name, now.current());
        return 0;
    }
}
