package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.format.Conversion;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.data.Document;
import dev.jackdaw.train.data.DocumentSet;
import dev.jackdaw.train.data.Documents;
import dev.jackdaw.train.data.Progress;
import dev.jackdaw.train.data.Tally;
import dev.jackdaw.train.data.TokenShard;
import dev.jackdaw.train.eval.BitsPerByte;
import dev.jackdaw.model.format.AtomicFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw eval`: how good a model is, in numbers.
@Command(name = "eval", description = "Measure a model. Task bpb: bits per byte of text it did not learn from.")
final class EvalCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ActivationOptions activations;

    @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file, a Hugging Face folder, or the directory of a training run.")
    private Path path;

    @Option(names = "--tasks", paramLabel = "NAMES", split = ",", defaultValue = "bpb", description = "What to measure: bpb.")
    private List<String> tasks;

    @Option(names = "--data", paramLabel = "SOURCE", split = ",", description = "Text to measure bits per byte on. Default: the held-out documents of the run.", showDefaultValue = Visibility.NEVER)
    private List<Path> data;

    @Option(names = "--overlap", paramLabel = "N", description = "Tokens that each window repeats as context. Default: a quarter of the window.", showDefaultValue = Visibility.NEVER)
    private Integer overlap;

    @Option(names = "--context", paramLabel = "N", description = "Tokens in a window. Default: the model's context, at most 1024.", showDefaultValue = Visibility.NEVER)
    private Integer context;

    /// What `--json` prints: for each task its metrics and `n`, how many tokens were predicted.
    record Result(Map<String, Map<String, Object>> tasks) {
    }

    @Override
    public Integer call() throws IOException {
        for (String task : tasks) {
            if (!task.equals("bpb")) {
                throw common.wrong("--tasks " + task + ": there is no such task; known: bpb");
            }
        }
        try (Device device = activations.exactUnlessAsked(common); Model model = Model.open(path, device); Arena arena = Arena.ofShared()) {
            Path heldOut = path.resolve("data/held-out.tokens");
            if (data == null && !Files.exists(heldOut)) {
                throw common.wrong("--data: give text to measure on; " + path + " is not the directory of a run, which would hold some");
            }
            model.forward().note().ifPresent(note -> common.output().note("%s", note));
            Path temporary = Files.createTempDirectory("jackdaw-eval");
            try (TokenShard shard = data == null ? TokenShard.open(heldOut) : tokenize(model, temporary)) {
                int window = context != null ? context : Math.min(1024, model.spec().context());
                if (window < 2 || window > model.spec().context()) {
                    throw common.wrong("--context " + window + ": give 2 to " + model.spec().context());
                }
                BitsPerByte.Result result;
                try (BitsPerByte examination = examination(device, model, arena, window);
                     ProgressBar bar = common.output().progress("eval", shard.tokens(), "tokens")) {
                    result = examination.measure(shard, overlap == null ? window / 4 : overlap, 0, done -> bar.update((long) (done * shard.tokens())));
                }
                Map<String, Object> metrics = new LinkedHashMap<>();
                metrics.put("bitsPerByte", result.bitsPerByte());
                metrics.put("documents", shard.documents());
                metrics.put("bytes", shard.textBytes());
                metrics.put("n", result.tokens());
                common.output().json(new Result(Map.of("bpb", metrics)));
                common.output().line("bits per byte %.4f over %,d tokens of %,d documents, %,d bytes", result.bitsPerByte(), result.tokens(), shard.documents(), shard.textBytes());
            } finally {
                AtomicFile.deleteTree(temporary);
            }
        }
        return 0;
    }

    /// By the operations of training on F32 weights, or with `--activations` the way the model is run.
    private BitsPerByte examination(Device device, Model model, Arena arena, int window) {
        if (activations.isGiven()) {
            return new BitsPerByte(model.forward(), window);
        }
        FlatWeights weights = new FlatWeights(arena, model.spec().parameters());
        weights.load(name -> wide(model.file().tensor(name), arena));
        return new BitsPerByte(device, model.spec(), weights, Math.max(1, 2048 / window), window);
    }

    private TokenShard tokenize(Model model, Path folder) {
        List<String> texts = new ArrayList<>();
        Documents.of(data).forEach(new Documents.Sink() {
            @Override
            public void accept(Document document) {
                texts.add(new String(document.bytes(), StandardCharsets.UTF_8));
            }
        }, new Tally());
        int end = model.tokenizer().id(SpecialTokens.END_OF_TEXT).orElseGet(() -> model.tokenizer().eos().orElse(0));
        return TokenShard.write(folder.resolve("text.tokens"), DocumentSet.of(texts), text -> model.tokenizer().encode(text, false, false),
                model.spec().vocabulary(), end, "eval", common.threads(), Progress.SILENT);
    }

    private static Tensor wide(Tensor tensor, Arena arena) {
        return tensor.type() == DType.F32 ? tensor : Conversion.to(arena, tensor, DType.F32);
    }
}
