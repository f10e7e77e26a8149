package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.FlatWeights;
import dev.jackdaw.model.format.AtomicFile;
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
import dev.jackdaw.train.eval.Interval;
import dev.jackdaw.train.eval.Scores;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/// The task `bpb` of [EvalCommand]: what it reads, and how.
final class BitsPerByteOptions {
    @Option(names = "--data", paramLabel = "SOURCE", split = ",", description = "Text to measure bits per byte on. Default: the held-out documents of the run.", showDefaultValue = Visibility.NEVER)
    private List<Path> data;

    @Option(names = "--overlap", paramLabel = "N", description = "Tokens that each window repeats as context. Default: a quarter of the window.", showDefaultValue = Visibility.NEVER)
    private Integer overlap;

    @Option(names = "--context", paramLabel = "N", description = "Tokens in a window. Default: the model's context, at most 1024.", showDefaultValue = Visibility.NEVER)
    private Integer context;

    void check(CommonOptions common) {
        if (overlap != null && overlap < 0) {
            throw common.wrong("--overlap " + overlap + ": give 0 or more");
        }
    }

    /// @param asRun with packed weights and a cache, not with the operations of training on F32 weights
    Scores measure(Model model, Path path, Device device, boolean asRun, CommonOptions common) throws IOException {
        Path heldOut = path.resolve("data/held-out.tokens");
        if (data == null && !Files.exists(heldOut)) {
            throw common.wrong("--data: give text to measure on; " + path + " is not the directory of a run, which would hold some");
        }
        model.forward().note().ifPresent(note -> common.output().note("%s", note));
        Path temporary = Files.createTempDirectory("jackdaw-eval");
        try (Arena arena = Arena.ofShared(); TokenShard shard = data == null ? TokenShard.open(heldOut) : tokenize(model, temporary, common)) {
            int window = context != null ? context : Math.min(1024, model.spec().context());
            if (window < 2 || window > model.spec().context()) {
                throw common.wrong("--context " + window + ": give 2 to " + model.spec().context());
            }
            int repeated = overlap == null ? window / 4 : overlap;
            BitsPerByte.Result result;
            try (BitsPerByte examination = examination(device, model, arena, window, asRun); ProgressBar bar = common.output().progress("eval", shard.tokens(), "tokens")) {
                result = examination.measure(shard, repeated, 0, done -> bar.update((long) (done * shard.tokens())));
            }
            return scores(result, shard, window, repeated, asRun ? device.activations().toString() : "f32", common.seed(0));
        } finally {
            AtomicFile.deleteTree(temporary);
        }
    }

    private Scores scores(BitsPerByte.Result result, TokenShard shard, int window, int repeated, String activations, long seed) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("data", data == null ? "held-out" : data.toString());
        settings.put("window", window);
        settings.put("overlap", repeated);
        settings.put("activations", activations);
        settings.put("tokenIds", shard.fingerprint());
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("documents", shard.documents());
        facts.put("bytes", shard.textBytes());
        Interval bits = result.interval(seed);
        double perToken = result.bytes() / result.tokens();
        Map<String, Scores.Score> metrics = new LinkedHashMap<>();
        metrics.put("bitsPerByte", new Scores.Score(result.bitsPerByte(), bits, result.perDocument(), false));
        metrics.put("perplexity", new Scores.Score(result.perplexity(), new Interval(Math.pow(2, bits.low() * perToken), Math.pow(2, bits.high() * perToken)), new double[0], false));
        return new Scores("bpb", metrics, (int) Math.min(Integer.MAX_VALUE, result.tokens()), facts, settings);
    }

    /// By the operations of training on F32 weights, or the way the model is run.
    private static BitsPerByte examination(Device device, Model model, Arena arena, int window, boolean asRun) {
        if (asRun) {
            return new BitsPerByte(model.forward(), window);
        }
        FlatWeights weights = new FlatWeights(arena, model.spec().parameters());
        weights.load(name -> wide(model.file().tensor(name), arena));
        return new BitsPerByte(device, model.spec(), weights, Math.max(1, 2048 / window), window);
    }

    private TokenShard tokenize(Model model, Path folder, CommonOptions common) {
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
