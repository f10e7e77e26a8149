package dev.jackdaw.cli;

import dev.jackdaw.serve.improve.Deployment;
import dev.jackdaw.serve.improve.Deployments;
import dev.jackdaw.serve.improve.Lineage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `jackdaw deploy list`: what is deployed, and where it comes from.
@Command(name = "list", description = "Show all deployments, or the versions of one with their lineage.")
final class DeployListCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME", arity = "0..1", description = "A deployment. Default: all.")
    private String name;

    /// One deployment, as `--json` prints it.
    record Listed(String name, int current, Integer previous, Integer canary, double share, String changed, String path, List<Lineage> versions) {
    }

    record All(List<Listed> deployments) {
    }

    static Listed listed(Deployments deployments, String name) throws IOException {
        Deployment d = deployments.require(name);
        List<Lineage> versions = new ArrayList<>();
        for (int version : deployments.versions(name)) {
            versions.add(deployments.lineage(name, version));
        }
        return new Listed(name, d.current(), d.previous(), d.canary(), d.share(), d.changed(), d.version(d.current()).model().toString(), versions);
    }

    @Override
    public Integer call() throws IOException {
        Deployments deployments = Deployments.here();
        List<Listed> all = new ArrayList<>();
        for (String each : name != null ? List.of(name) : deployments.list().stream().map(Deployment::name).toList()) {
            all.add(listed(deployments, each));
        }
        Output output = common.output();
        output.json(name != null ? all.getFirst() : new All(all));
        if (name == null) {
            output.table(List.of("deployment", "served", "before", "canary", "versions", "changed"), all.stream().map(d -> List.of(d.name, "v" + d.current, d.previous == null ? "" : "v" + d.previous,
                    d.canary == null ? "" : "v" + d.canary + " " + percent(d.share), Integer.toString(d.versions.size()), d.changed)).toList());
            return 0;
        }
        Listed d = all.getFirst();
        List<List<String>> rows = new ArrayList<>();
        for (Lineage version : d.versions) {
            String state = version.version() == d.current ? "served" : d.canary != null && version.version() == d.canary ? "canary " + percent(d.share) : version.isAccepted() ? "" : "refused";
            rows.add(List.of("v" + version.version(), state, version.parent() == null ? "" : "v" + version.parent(), version.origin(), Integer.toString(version.corrections().size()),
                    version.parameters().sha256().substring(0, 12), version.created()));
        }
        output.table(List.of("version", "", "made from", "by", "corrections", "weights", "created"), rows);
        for (Lineage version : d.versions) {
            if (!version.isAccepted()) {
                version.verdict().reasons().forEach(reason -> output.line("v%d: %s", version.version(), reason));
            }
        }
        return 0;
    }

    static String percent(double share) {
        return String.format(Locale.ROOT, "%.0f%%", 100 * share);
    }
}
