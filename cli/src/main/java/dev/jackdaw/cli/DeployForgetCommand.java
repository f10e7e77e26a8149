package dev.jackdaw.cli;

import dev.jackdaw.serve.feedback.Database;
import dev.jackdaw.serve.feedback.Feedback;
import dev.jackdaw.serve.improve.Deployments;
import dev.jackdaw.serve.improve.Forgetting;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw deploy forget`: what was erased from the database goes from the folders of improvements, too.
@Command(name = "forget", description = "Take out of the folders of earlier improvements what is no longer in the feedback database: corrections of users who were erased, or that were kept long enough. "
        + "Each improve begins with this. Weights that have learned it stay as they are.")
final class DeployForgetCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(paramLabel = "NAME", description = "The deployment.")
    private String name;

    @Option(names = "--database", paramLabel = "WHERE", showDefaultValue = Visibility.NEVER,
            description = "Where the server collects feedback, a file or jdbc:postgresql://HOST:PORT/NAME. Default: feedback.db in our folder.")
    private String database;

    @Override
    public Integer call() throws IOException {
        Deployments deployments = Deployments.here();
        deployments.require(name);                                  // before a database is made for it
        try (Database opened = Feedback.read(database != null ? database : Database.standard().toString())) {
            long forgotten = new Forgetting(deployments, name, Feedback.corrections(opened)).run();
            common.output().json(Map.of("name", name, "forgotten", forgotten));
            common.output().line("%s: %d corrections were taken out of earlier improvements", name, forgotten);
        }
        return 0;
    }
}
