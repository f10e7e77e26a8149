package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.format.FileType;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.Lora;
import dev.jackdaw.model.format.Merge;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.model.format.Safetensors;
import dev.jackdaw.model.format.WeightMerge;
import dev.jackdaw.model.store.ModelStore;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw merge`: one file of many, or of a model and its adapters.
@Command(name = "merge", description = "Write a model that is split into several GGUF or safetensors files as one file, without changing a number; or, with --lora, "
        + "a model and its adapters as one GGUF file.")
final class MergeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "MODEL", description = "Any of the split GGUF files, or the index or folder of sharded safetensors; with --lora any model.")
    private Path model;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The file to write, .gguf or .safetensors.")
    private Path out;

    @Option(names = "--lora", paramLabel = "PATH[=SCALE]", description = "Work this adapter into the weights, SCALE times as strongly as it was trained; may be given several times.",
            showDefaultValue = Visibility.NEVER)
    private List<String> adapters = List.of();

    @Option(names = "--type", paramLabel = "TYPE", description = "With --lora: F32, F16, Q8_0, Q4_K_M and so on, as for quantize. Default: the type that each weight has; "
            + "rounding changed weights to few bits can cost more than the adapter changed.", converter = QuantizeCommand.TypeName.class, showDefaultValue = Visibility.NEVER)
    private FileType type;

    /// What `--json` prints with `--lora`.
    ///
    /// @param changed  tensors that the adapters changed
    /// @param change   root mean square of what was added to their numbers
    /// @param rounding root mean square of what was lost when they were stored
    record Merged(String path, int changed, Map<String, Integer> tensors, double change, double rounding, long bytes) {
    }

    /// What `--json` prints.
    record Result(String path, int files, int tensors, long bytes) {
    }

    @Override
    public Integer call() throws IOException {
        if (!adapters.isEmpty()) {
            return adapt();
        }
        if (type != null) {
            throw common.wrong("--type is for --lora; to store a whole model otherwise there is quantize");
        }
        Path source = ModelStore.resolve(model);
        Result result;
        try (Arena arena = Arena.ofShared()) {
            if (ShowCommand.isGguf(source)) {
                Gguf gguf = Gguf.open(source, arena);
                Merge.write(gguf, out);
                result = new Result(out.toString(), gguf.files().size(), gguf.tensors().size(), Files.size(out));
            } else {
                Safetensors safetensors = Safetensors.open(source, arena);
                Merge.write(safetensors, out);
                int files = (int) safetensors.entries().stream().map(Safetensors.Entry::file).distinct().count();
                result = new Result(out.toString(), files, safetensors.entries().size(), Files.size(out));
            }
        }
        common.output().json(result);
        common.output().line("%s: %d tensors of %d files, %,d bytes", result.path(), result.tensors(), result.files(), result.bytes());
        return 0;
    }

    private Integer adapt() throws IOException {
        Path imported = null;
        try (Device device = Device.cpu(common.threads())) {
            Path source = model;
            try (Model base = Model.open(model, device)) {
                source = base.path();
                if (base.file().gguf().isEmpty()) {
                    imported = out.resolveSibling("." + out.getFileName() + "." + ProcessHandle.current().pid() + ".import.gguf");
                    ExportCommand.writeGguf(base, model, imported, null);
                    source = imported;
                }
            }
            try (Arena arena = Arena.ofShared()) {
                ModelFile file = ModelFile.open(source, arena);
                List<WeightMerge.Change> changes = new ArrayList<>();
                for (String argument : adapters) {
                    LoraOptions.Scaled scaled = LoraOptions.Scaled.of(argument, common);
                    changes.add(new WeightMerge.Adapter(Lora.open(scaled.path(), file.spec(), arena), scaled.scale()));
                }
                long total = file.spec().parameterCount();
                WeightMerge.Result result;
                try (ProgressBar bar = common.output().progress("merge", total, "weights")) {
                    result = WeightMerge.write(file, changes, out, type, device, bar::update);
                }
                common.output().json(new Merged(out.toString(), result.changed(), result.tensors(), result.change(), result.rounding(), Files.size(out)));
                common.output().line("%s: %,d bytes, %d tensors changed; tensors: %s", out, Files.size(out), result.changed(),
                        String.join(", ", result.tensors().entrySet().stream().map(e -> e.getValue() + " " + e.getKey()).toList()));
                if (result.rounding() > 0) {
                    common.output().line("the adapter moved these weights by %.3g (root mean square), storing them by %.3g%s", result.change(), result.rounding(),
                            result.rounding() > 0.5 * result.change() ? "; give --type F16 or Q8_0 to keep more of it, or use the adapter at run time" : "");
                }
            }
        } finally {
            if (imported != null) {
                Files.deleteIfExists(imported);
            }
        }
        return 0;
    }
}
