package dev.jackdaw.cli;

import dev.jackdaw.serve.improve.Deployments;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `jackdaw deploy canary`: one version for some.
@Command(name = "canary", description = "Serve a version to a share of the users, always the same ones. End it with deploy promote or deploy rollback.")
final class DeployCanaryCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private DeployedVersion chosen;

    @Parameters(index = "2", paramLabel = "SHARE", description = "Of the users, 0.1 for a tenth.")
    private double share;

    @Override
    public Integer call() throws IOException {
        if (!(share > 0 && share <= 1)) {
            throw common.wrong("SHARE " + share + ": give more than 0 and at most 1, 0.1 for a tenth");
        }
        Deployments deployments = Deployments.here();
        chosen.check(deployments);
        deployments.canary(chosen.name, chosen.version, share);
        common.output().json(DeployListCommand.listed(deployments, chosen.name));
        common.output().line("%s: version %d is served to %s of the users", chosen.name, chosen.version, DeployListCommand.percent(share));
        return 0;
    }
}
