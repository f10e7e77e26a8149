package dev.jackdaw.model;

import dev.jackdaw.model.arch.Adapter;
import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.format.FormatException;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.Lora;
import dev.jackdaw.model.format.ModelFile;
import dev.jackdaw.model.store.ModelStore;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.TokenizerConfig;
import dev.jackdaw.model.token.Tokenizers;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// A model ready to be used: weights, tokenizer and template, from a GGUF file, a Hugging Face folder, or the directory of a training run.
///
/// ```java
/// try (Device device = Device.cpu(2); Model model = Model.open(Path.of("params.gguf"), device)) {
///     int[] prompt = model.tokenizer().encode("class Foo {", false, true);
///     new Generator(model.forward()).generate(prompt, 50, Sampling.greedy(), id -> false, id -> …);
/// }
/// ```
public final class Model implements AutoCloseable {
    private final Path path;
    private final Arena arena = Arena.ofShared();
    private final ModelFile file;
    private final ModelSpec spec;
    private final Device device;
    private final Tokenizer tokenizer;      // or null
    private final String noTokenizer;               // why it is null
    private final String template;
    private Forward forward;
    private FutureTask<Forward> packing;            // or null: weights are packed when they are first asked for

    private Model(Path path, Device device, boolean packs) throws IOException {
        try {
            this.path = resolve(path);
            this.device = device;
            file = ModelFile.open(this.path, arena);
            spec = file.spec();
            if (packs) {
                packing = new FutureTask<>(() -> new Forward(spec, device, file));
                Thread.ofPlatform().daemon().name("jackdaw-packing").start(packing);
            }
            Tokenizer found = null;
            String reason = "there is no tokenizer; a GGUF file holds it in tokenizer.ggml.tokens, a folder in tokenizer.json";
            try {
                found = readTokenizer();
            } catch (IllegalArgumentException e) {       // of another kind than ours; the numbers of the model can be used all the same
                reason = e.getMessage();
            }
            tokenizer = found;
            noTokenizer = reason;
            Path config = this.path.resolve("tokenizer_config.json");
            template = file.gguf().isPresent() ? file.gguf().get().text("tokenizer.chat_template", null)
                    : Files.exists(config) ? TokenizerConfig.read(config).chatTemplate() : null;
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    private Tokenizer readTokenizer() throws IOException {
        if (file.gguf().isPresent()) {
            Gguf gguf = file.gguf().get();
            return gguf.value("tokenizer.ggml.tokens").isEmpty() ? null : Tokenizers.read(gguf);
        }
        return Files.exists(path.resolve("tokenizer.json")) || Files.exists(path.resolve("tokenizer.model")) ? Tokenizers.read(path) : null;
    }

    /// Maps the file and reads its header; weights are packed when [#forward()] is first asked for.
    public static Model open(Path path, Device device) throws IOException {
        return new Model(path, device, false);
    }

    /// As [#open], and begins at once to pack the weights, beside the reading of the tokenizer. The device is busy until [#forward()] has
    /// returned, which also throws what went wrong.
    public static Model openToRun(Path path, Device device) throws IOException {
        return new Model(path, device, true);
    }

    /// The directory of a training run stands for the `params.gguf` in it.
    private static Path resolve(Path argument) throws IOException {
        Path path = ModelStore.resolve(argument);
        if (!Files.exists(path)) {
            throw new NoSuchFileException("model " + path + ": there is no such file or folder, and no model of this name in the store; give a GGUF file, "
                + "a Hugging Face folder, the directory of a training run, or a name that jackdaw list shows");
        }
        if (Files.isDirectory(path) && Files.exists(path.resolve("params.gguf"))) {
            return path.resolve("params.gguf");
        }
        if (Files.isDirectory(path) && Files.exists(path.resolve("run.json"))) {
            throw new IOException("model " + path + ": this training run is not finished, it has no params.gguf; resume it first");
        }
        return path;
    }

    /// The GGUF file or the folder.
    public Path path() {
        return path;
    }

    public ModelSpec spec() {
        return spec;
    }

    /// Weights as they are on disk.
    public ModelFile file() {
        return file;
    }

    /// Packs the weights on first use.
    public Forward forward() {
        if (forward == null) {
            forward = packing == null ? new Forward(spec, device, file) : packed();
        }
        return forward;
    }

    private Forward packed() {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return packing.get();
                } catch (InterruptedException e) {       // nobody may use the device, nor close the file, before it is done
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException failure -> throw failure;
                case Error failure -> throw failure;
                default -> throw new IllegalStateException(e.getCause());
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Reads a LoRA adapter, a folder that PEFT wrote or a GGUF file, and packs it for this model. It is used by the texts that name it, see
    /// [Forward#newCache(dev.jackdaw.model.arch.PagePool, int, java.util.List)] and [Forward#adapters].
    ///
    /// @param scale how strongly it works; 1: as it was trained
    public Adapter adapter(Path adapter, float scale) throws IOException {
        try (Arena temporary = Arena.ofShared()) {
            return forward().adapter(Lora.open(adapter, spec, temporary), scale);
        }
    }

    public boolean hasTokenizer() {
        return tokenizer != null;
    }

    public Tokenizer tokenizer() {
        if (tokenizer == null) {
            throw new FormatException(path, -1, noTokenizer + ". Token ids still work: --ids 1,2,3");
        }
        return tokenizer;
    }

    /// The chat template, if the model has one.
    public Optional<String> template() {
        return Optional.ofNullable(template);
    }

    @Override
    public void close() {
        if (forward == null && packing != null) {
            try {
                forward = packed();
            } catch (RuntimeException | Error e) {       // thrown by forward() to who asks for it
                forward = null;
            }
        }
        if (forward != null) {
            forward.close();
        }
        arena.close();
    }
}
