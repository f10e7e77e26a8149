package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.serve.improve.Deployments;
import dev.jackdaw.serve.improve.Kept;
import dev.jackdaw.serve.improve.Lineage;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw deploy create`: the first version under a name.
@Command(name = "create", description = "Make a deployment of a model. From the directory of a run it also keeps what jackdaw improve needs: the conversations, the examination, the held-out text.")
final class DeployCreateCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "NAME", description = "What clients will call it: letters, digits, and . _ -")
    private String name;

    @Parameters(index = "1", paramLabel = "MODEL", description = "The directory of a training run, a GGUF file, or a name in the store.")
    private Path model;

    @Option(names = "--replay", paramLabel = "FILE", split = ",", showDefaultValue = Visibility.NEVER,
            description = "Conversations that the model was finetuned on, as JSON lines, to remind it of when it is improved. Default: those of the run.")
    private List<Path> replay;

    @Override
    public Integer call() throws IOException {
        Path file;
        boolean isWhole;
        try (Device device = Device.cpu(1); Model opened = Model.open(model, device)) {
            file = opened.path();
            isWhole = opened.file().gguf().isPresent() && opened.file().gguf().get().files().size() == 1;
        }
        if (!isWhole) {
            throw new IOException("deploy: " + file + " is not one GGUF file; make one of it with jackdaw import MODEL, or jackdaw merge");
        }
        Kept kept = Kept.of(Files.isDirectory(model) ? model : file, replay);
        Lineage.Program program = new Lineage.Program(JackdawCommand.version(), JackdawCommand.commit(), Runtime.version().toString());
        Deployments deployments = Deployments.here();
        deployments.create(name, file, kept, program);
        DeployListCommand.Listed listed = DeployListCommand.listed(deployments, name);
        common.output().json(listed);
        common.output().line("%s: version 1 of %s is deployed", name, file);
        for (Lineage.FileFacts kept1 : listed.versions().getFirst().data()) {
            common.output().line("  kept %s, %s%s", kept1.name(), DoctorCommand.bytes(kept1.bytes()), kept1.count() > 0 ? String.format(java.util.Locale.ROOT, ", %,d lines", kept1.count()) : "");
        }
        if (listed.versions().getFirst().data().isEmpty()) {
            common.output().line("  no run is known of this model: give its conversations with --replay, and jackdaw improve something fixed to examine with --tasks");
        }
        return 0;
    }
}
