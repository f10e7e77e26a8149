package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw import`: from a Hugging Face folder to one GGUF file, with the same numbers. The way back is `export --hf`.
@Command(name = "import", description = "Write a Hugging Face folder as one GGUF file with the same weights, tokenizer and template.")
final class ImportCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Parameters(index = "0", paramLabel = "FOLDER", description = "A folder with config.json, safetensors and tokenizer.json, or its name in the store.")
    private Path model;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "The GGUF file to write.")
    private Path out;

    @Option(names = "--type", paramLabel = "TYPE", description = "f32, f16, bf16 or q8_0; for others see quantize. Default: each weight as it is, so that nothing is lost.", showDefaultValue = Visibility.NEVER)
    private DType type;

    @Override
    public Integer call() throws IOException {
        try (Device device = Device.cpu(common.threads()); Model model = Model.open(this.model, device)) {
            ExportCommand.writeGguf(model, this.model, out, type);
        }
        common.output().json(new ExportCommand.Result(out.toString(), Files.size(out)));
        common.output().line("%s: %s, %,d bytes", out, type == null ? "weights as they were" : type, Files.size(out));
        return 0;
    }
}
