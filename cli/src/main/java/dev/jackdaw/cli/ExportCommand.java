package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.ModelExport;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw export`: the same model in another file.
@Command(name = "export", description = "Write a model as a GGUF file or a Hugging Face folder, in another number format if wanted.")
final class ExportCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file, a Hugging Face folder, or the directory of a training run.")
    private Path model;

    @Option(names = "--gguf", paramLabel = "FILE", description = "Write this GGUF file.", showDefaultValue = Visibility.NEVER)
    private Path gguf;

    @Option(names = "--hf", paramLabel = "DIR", description = "Write this Hugging Face folder.", showDefaultValue = Visibility.NEVER)
    private Path folder;

    @Option(names = "--type", paramLabel = "TYPE", description = "f32, f16, bf16; q8_0 (GGUF only; for others see quantize); mxfp4 (the experts of a gpt-oss folder). Default: each weight as it is, so that nothing is lost; in a folder, weights in blocks become f32.", showDefaultValue = Visibility.NEVER)
    private DType type;

    /// What `--json` prints.
    record Result(String path, long bytes) {
    }

    @Override
    public Integer call() throws IOException {
        if ((gguf == null) == (folder == null)) {
            throw common.wrong("give one of --gguf FILE and --hf DIR");
        }
        if (folder != null && type != null && type.isBlocks() && type != DType.MXFP4) {
            throw common.wrong("--type " + type + " exists in GGUF only; choose f32, f16, bf16 or, for gpt-oss, mxfp4 for --hf");
        }
        try (Device device = Device.cpu(common.threads()); Model model = Model.open(this.model, device)) {
            if (gguf != null) {
                writeGguf(model, this.model, gguf, type);
            } else {
                ModelExport.huggingFace(folder, model.spec(), model.file(), model.tokenizer(), model.template().orElse(null), type);
            }
        }
        Path written = gguf != null ? gguf : folder.resolve("model.safetensors");
        common.output().json(new Result(written.toString(), Files.size(written)));
        common.output().line("%s: %,d bytes", written, Files.size(written));
        return 0;
    }

    /// @param type null: each weight as it is
    static void writeGguf(Model model, Path source, Path target, DType type) throws IOException {
        Map<String, GgufValue> facts = new LinkedHashMap<>();
        model.file().gguf().ifPresent(file -> file.metadata().forEach((key, value) -> {
            if (key.startsWith("jackdaw.")) {
                facts.put(key, value);
            }
        }));
        String name = model.file().gguf().map(file -> file.text("general.name", "")).filter(n -> !n.isEmpty()).orElse(source.toAbsolutePath().normalize().getFileName().toString());
        ModelExport.gguf(target, name, model.spec(), model.file(), model.tokenizer(), model.template().orElse(null), facts, type);
    }
}
