package dev.jackdaw.cli;

import dev.jackdaw.serve.improve.Deployments;
import dev.jackdaw.serve.improve.Lineage;
import java.io.IOException;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Which version of a deployment is to be served, and whether that needs to be a good one.
final class DeployedVersion {
    @Parameters(index = "0", paramLabel = "NAME", description = "The deployment.")
    String name;

    @Parameters(index = "1", paramLabel = "VERSION", description = "Its number.")
    int version;

    @Option(names = "--force", description = "Even if the evaluation was against it.")
    private boolean force;

    /// Refuses a version that its evaluation was against.
    void check(Deployments deployments) throws IOException {
        Lineage lineage = deployments.lineage(name, version);
        if (!lineage.isAccepted() && !force) {
            throw new IOException("deploy: the evaluation was against version " + lineage.version() + " of " + name + ": " + String.join("; ", lineage.verdict().reasons()) + "; serve it nevertheless with --force");
        }
    }
}
