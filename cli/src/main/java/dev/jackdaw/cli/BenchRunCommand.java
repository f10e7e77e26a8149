package dev.jackdaw.cli;

import dev.jackdaw.bench.RunBench;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw bench run`: how fast this machine reads and writes with a model, in a table like llama-bench's.
@Command(name = "run", description = "Time a model on random tokens: reading a prompt, and writing from an empty cache; the median after a warm-up.")
final class BenchRunCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ActivationOptions activations;

    @Mixin
    private CacheOptions cache = new CacheOptions();

    @Parameters(arity = "1..*", paramLabel = "MODEL", description = "GGUF files, Hugging Face folders, directories of training runs, or names in the store.")
    private List<Path> models;

    @Option(names = {"-p", "--prompt"}, paramLabel = "N", defaultValue = "256", description = "Tokens to read at once; 0: leave this out.")
    private int prompt;

    @Option(names = {"-n", "--generate"}, paramLabel = "N", defaultValue = "64", description = "Tokens to write; 0: leave this out.")
    private int generate;

    @Option(names = {"-d", "--depth"}, paramLabel = "N", split = ",", defaultValue = "0", description = "Tokens that are in the cache already; several separated by commas.")
    private List<Integer> depths;

    @Option(names = {"-r", "--repetitions"}, paramLabel = "N", defaultValue = "5", description = "Measurements of each.")
    private int repetitions;

    /// What `--json` prints, a line for each model and depth. Rates are medians; 0 for what was left out.
    record Result(String model, String family, long parameters, int threads, int prompt, int generate, int depth, Activations activations, String cacheType, double prefillTokensPerSecond, double decodeTokensPerSecond,
                  double timeToFirstTokenMillis, double loadMillis, double firstRequestMillis, long residentBytes, long peakResidentBytes, List<Double> prefillRuns,
                  List<Double> decodeRuns, List<Double> warmUpRuns) {
        static Result of(RunBench.Result r) {
            RunBench.Settings s = r.settings();
            return new Result(r.model().toString(), r.family(), r.parameters(), s.threads(), s.prompt(), s.generate(), s.depth(), s.activations(), s.cacheType().toString(), r.prefill() == null ? 0 : r.prefill().median(),
                    r.decode() == null ? 0 : r.decode().median(), r.timeToFirstTokenMillis(), r.loadMillis(), r.firstRequestMillis(), r.residentBytes(), r.peakResidentBytes(),
                    r.prefill() == null ? List.of() : r.prefill().runs(), r.decode() == null ? List.of() : r.decode().runs(), r.warmUp());
        }
    }

    @Override
    public Integer call() throws IOException {
        if (prompt < 0 || generate < 0 || prompt + generate == 0) {
            throw common.wrong("--prompt " + prompt + ", --generate " + generate + ": give a number of tokens to at least one of them");
        }
        if (repetitions < 1) {
            throw common.wrong("--repetitions " + repetitions + ": give at least 1");
        }
        for (int depth : depths) {
            if (depth < 0) {
                throw common.wrong("--depth " + depth + ": give 0 or more");
            }
        }
        CacheType type = cache.type(CacheType.F16, common);
        Output output = common.output();
        List<List<String>> rows = new ArrayList<>();
        List<RunBench.Result> last = new ArrayList<>();
        Activations choice = activations.fast(common);
        for (Path model : models) {
            List<RunBench.Settings> settings = depths.stream().map(depth -> new RunBench.Settings(prompt, generate, depth, repetitions, common.threads(), common.seed(0), choice, type)).toList();
            for (RunBench.Result result : RunBench.run(model, settings)) {
                output.json(Result.of(result));
                row(rows, result, "prompt " + prompt, result.prefill());
                row(rows, result, "generate " + generate, result.decode());
                last.add(result);
            }
        }
        output.table(List.of("model", "parameters", "threads", "activations", "test", "tokens/s", "lowest", "highest"), rows);
        for (RunBench.Result r : last) {
            output.line("%s%s: first token after %.0f ms, loaded in %.0f ms, first request after loading %.0f ms, %s resident", name(r.model()), at(r), r.timeToFirstTokenMillis(),
                    r.loadMillis(), r.firstRequestMillis(), DoctorCommand.bytes(r.residentBytes()));
        }
        return 0;
    }

    private static void row(List<List<String>> rows, RunBench.Result result, String test, RunBench.Rate rate) {
        if (rate != null) {
            rows.add(List.of(name(result.model()), String.format(Locale.ROOT, "%.1fM", result.parameters() / 1e6), Integer.toString(result.settings().threads()), result.settings().activations().toString(), test + at(result),
                    decimal(rate.median()), decimal(rate.lowest()), decimal(rate.highest())));
        }
    }

    private static String at(RunBench.Result result) {
        return result.settings().depth() == 0 ? "" : " at " + result.settings().depth();
    }

    private static String name(Path model) {
        return model.getFileName() == null ? model.toString() : model.getFileName().toString();
    }

    private static String decimal(double value) {
        return String.format(Locale.ROOT, "%.2f", value);
    }
}
