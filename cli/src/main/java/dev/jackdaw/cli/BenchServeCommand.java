package dev.jackdaw.cli;

import dev.jackdaw.bench.ServeBench;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw bench serve`: how fast this machine writes for many readers at once.
@Command(name = "serve", description = "Time many clients at once: each sends a prompt of random tokens and reads the answer, as with a server.")
final class BenchServeCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private CacheOptions cache;

    @Mixin
    private ActivationOptions activations;

    @Option(names = "--server", paramLabel = "URL", description = "Instead of a model, ask a server that is running, ours or llama-server, in the same way over HTTP; its tokens are taken to be those below --vocabulary.")
    private URI server;

    @Option(names = "--vocabulary", paramLabel = "N", defaultValue = "32000", description = "With --server: the prompts' token ids are below this.")
    private int vocabulary;

    @Parameters(arity = "0..*", paramLabel = "MODEL", description = "GGUF files, Hugging Face folders, directories of training runs, or names in the store.")
    private List<Path> models = List.of();

    @Option(names = {"-c", "--clients"}, paramLabel = "N", split = ",", defaultValue = "16", description = "Clients at the same time; several separated by commas.")
    private List<Integer> clients;

    @Option(names = "--requests", paramLabel = "N", defaultValue = "1", description = "Requests of each client, one after the other.")
    private int requests;

    @Option(names = {"-p", "--prompt"}, paramLabel = "N", defaultValue = "128", description = "Tokens of a prompt.")
    private int prompt;

    @Option(names = {"-n", "--generate"}, paramLabel = "N", defaultValue = "64", description = "Tokens of an answer.")
    private int generate;

    @Option(names = {"-r", "--repetitions"}, paramLabel = "N", defaultValue = "5", description = "Measured rounds, after one to warm up.")
    private int repetitions;

    /// What `--json` prints, a line for each model and number of clients. `tokensPerSecond` counts the tokens written for all clients together.
    record Result(String model, String family, long parameters, int threads, String activations, String cacheType, int clients, int requests, int prompt, int generate,
                  double tokensPerSecond, double promptTokensPerSecond, double timeToFirstTokenMillis, double timeToFirstTokenMillis95, double timeToFirstTokenMillis99, double betweenTokensMillis,
                  double betweenTokensMillis95, long passes, long allocatedBytesPerToken, List<Double> runs, long residentBytes, long peakResidentBytes) {
        static Result of(ServeBench.Result r) {
            ServeBench.Settings s = r.settings();
            ServeBench.Round m = r.median();
            return new Result(r.model(), r.family(), r.parameters(), s.threads(), s.activations().toString(), s.cacheType().toString(), s.clients(), s.requests(), s.prompt(),
                    s.generate(), m.tokensPerSecond(), m.promptTokensPerSecond(), m.firstTokenMillis().median(), m.firstTokenMillis().ninetyFifth(), m.firstTokenMillis().ninetyNinth(), m.betweenMillis().median(),
                    m.betweenMillis().ninetyFifth(), m.passes(), perToken(r), r.rounds().stream().map(ServeBench.Round::tokensPerSecond).toList(), r.residentBytes(), r.peakResidentBytes());
        }

        private static long perToken(ServeBench.Result r) {
            return r.median().allocatedBytes() / ((long) r.settings().clients() * r.settings().requests() * r.settings().generate());
        }
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (requests < 1 || prompt < 1 || generate < 1 || repetitions < 1) {
            throw common.wrong("--requests " + requests + ", --prompt " + prompt + ", --generate " + generate + ", --repetitions " + repetitions + ": give at least 1 of each");
        }
        for (int n : clients) {
            if (n < 1) {
                throw common.wrong("--clients " + n + ": give at least 1");
            }
        }
        Activations how = activations.fast(common);
        CacheType type = cache.type(CacheType.F16, common);
        Output output = common.output();
        List<List<String>> rows = new ArrayList<>();
        if (models.isEmpty() == (server == null)) {
            throw common.wrong("bench serve: give models, or --server with the address of another program");
        }
        for (Path model : server == null ? models : List.of(Path.of(server.toString()))) {
            for (int n : clients) {
                ServeBench.Settings settings = new ServeBench.Settings(n, requests, prompt, generate, repetitions, common.threads(), common.seed(0), how, type);
                ServeBench.Result r = server == null ? ServeBench.run(model, settings) : ServeBench.run(server, vocabulary, settings);
                output.json(Result.of(r));
                double[] rates = r.rounds().stream().mapToDouble(ServeBench.Round::tokensPerSecond).sorted().toArray();
                ServeBench.Round m = r.median();
                rows.add(List.of(model.getFileName() == null ? model.toString() : model.getFileName().toString(), Integer.toString(n), decimal(m.tokensPerSecond()), decimal(rates[0]),
                        decimal(rates[rates.length - 1]), decimal(m.promptTokensPerSecond()), decimal(m.firstTokenMillis().median()), decimal(m.firstTokenMillis().ninetyFifth()), decimal(m.firstTokenMillis().ninetyNinth()),
                        decimal(m.betweenMillis().median()), decimal(m.betweenMillis().ninetyFifth())));
            }
        }
        output.line("%d prompt and %d new tokens a request%s", prompt, generate, server != null ? "" : String.format(", %d threads, %s activations, %s cache", common.threads(), how, type));
        output.table(List.of("model", "clients", "tokens/s", "lowest", "highest", "prompt tokens/s", "first token ms", "95%", "99%", "between tokens ms", "95%"), rows);
        return 0;
    }

    private static String decimal(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
