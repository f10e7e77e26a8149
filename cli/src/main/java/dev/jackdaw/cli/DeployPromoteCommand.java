package dev.jackdaw.cli;

import dev.jackdaw.serve.improve.Deployments;
import dev.jackdaw.serve.improve.Lineage;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw deploy promote`: one version for everybody.
@Command(name = "promote", description = "Serve a version to everybody; a canary ends with it. Running servers follow at their next request.")
final class DeployPromoteCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "NAME", description = "The deployment.")
    private String name;

    @Parameters(index = "1", paramLabel = "VERSION", description = "Its number.")
    private int version;

    @Option(names = "--force", description = "Even if the evaluation was against it.")
    private boolean force;

    @Override
    public Integer call() throws IOException {
        Deployments deployments = Deployments.here();
        refuse(deployments.lineage(name, version), name, force);
        deployments.promote(name, version);
        common.output().json(DeployListCommand.listed(deployments, name));
        common.output().line("%s: version %d is served", name, version);
        return 0;
    }

    static void refuse(Lineage lineage, String name, boolean force) throws IOException {
        if (!lineage.isAccepted() && !force) {
            throw new IOException("deploy: the evaluation was against version " + lineage.version() + " of " + name + ": " + String.join("; ", lineage.verdict().reasons()) + "; serve it nevertheless with --force");
        }
    }
}
