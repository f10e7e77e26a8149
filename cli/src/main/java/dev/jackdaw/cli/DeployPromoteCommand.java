package dev.jackdaw.cli;

import dev.jackdaw.serve.improve.Deployments;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `jackdaw deploy promote`: one version for everybody.
@Command(name = "promote", description = "Serve a version to everybody; a canary ends with it. Running servers follow at their next request.")
final class DeployPromoteCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private DeployedVersion chosen;

    @Override
    public Integer call() throws IOException {
        Deployments deployments = Deployments.here();
        chosen.check(deployments);
        deployments.promote(chosen.name, chosen.version);
        common.output().json(DeployListCommand.listed(deployments, chosen.name));
        common.output().line("%s: version %d is served", chosen.name, chosen.version);
        return 0;
    }
}
