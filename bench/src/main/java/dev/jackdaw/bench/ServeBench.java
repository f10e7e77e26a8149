package dev.jackdaw.bench;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.engine.Engine;
import dev.jackdaw.model.engine.TokenStream;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.Machine;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// How fast this machine serves many readers at once: each client sends a prompt of random tokens, reads all that is written, and sends the
/// next. Prompts have nothing in common, so nothing is shared. No tokenizer is needed.
public final class ServeBench {
    /// @param clients     who ask at the same time
    /// @param requests    of each client, one after the other
    /// @param prompt      tokens of a prompt
    /// @param generate    tokens of an answer
    /// @param repetitions measured rounds, after one to warm up
    public record Settings(int clients, int requests, int prompt, int generate, int repetitions, int threads, long seed, Activations activations, CacheType cacheType) {
        public Settings {
            if (clients < 1 || requests < 1 || prompt < 1 || generate < 1 || repetitions < 1) {
                throw new IllegalArgumentException("bench serve: " + clients + " clients, " + requests + " requests, prompt " + prompt + ", generate " + generate + ", repetitions "
                        + repetitions + "; each must be at least 1");
            }
        }
    }

    /// @param tokensPerSecond    written, by all clients together, from the first request to the last token
    /// @param firstTokenMillis   from request to first token, of every request
    /// @param betweenMillis      from token to token, of every token after a first
    /// @param passes             of the model
    /// @param allocatedBytes     on the Java heap by the engine's thread
    public record Round(double seconds, double tokensPerSecond, double promptTokensPerSecond, Spread firstTokenMillis, Spread betweenMillis, long passes, long allocatedBytes) {
    }

    /// Of many values.
    public record Spread(double median, double ninetyFifth, double ninetyNinth, double highest) {
        static Spread of(double[] values) {
            double[] sorted = values.clone();
            Arrays.sort(sorted);
            int n = sorted.length;
            return n == 0 ? new Spread(0, 0, 0, 0) : new Spread(sorted[n / 2], sorted[Math.min(n - 1, n * 95 / 100)], sorted[Math.min(n - 1, n * 99 / 100)], sorted[n - 1]);
        }
    }

    /// @param rounds in order
    /// @param median the one with the median rate
    public record Result(String model, String family, long parameters, Settings settings, List<Round> rounds, Round median, long residentBytes, long peakResidentBytes) {
    }

    record Answer(double firstTokenMillis, double[] betweenMillis) {
    }

    /// Who is asked.
    interface Server {
        /// Sends a prompt and reads the whole answer.
        Answer ask(int[] prompt, int tokens) throws Exception;

        default long passes() {
            return 0;
        }

        default long allocatedBytes() {
            return 0;
        }
    }

    /// The engine in this process.
    private record Ours(Engine engine) implements Server {
        @Override
        public Answer ask(int[] prompt, int tokens) throws InterruptedException {
            double[] between = new double[tokens - 1];
            double first = 0;
            long last = System.nanoTime();
            try (TokenStream stream = engine.submit(Request.of(prompt, tokens, Sampling.greedy(), _ -> false))) {
                for (int i = 0; stream.next() && stream.id() >= 0; i++) {
                    long now = System.nanoTime();
                    if (i == 0) {
                        first = (now - last) / 1e6;
                    } else {
                        between[i - 1] = (now - last) / 1e6;
                    }
                    last = now;
                }
            }
            return new Answer(first, between);
        }

        @Override
        public long passes() {
            return engine.statistics().passes();
        }

        @Override
        public long allocatedBytes() {
            return engine.allocatedBytes();
        }
    }

    private final Settings settings;
    private final Server server;
    private final int vocabulary;

    private ServeBench(Settings settings, Server server, int vocabulary) {
        this.settings = settings;
        this.server = server;
        this.vocabulary = vocabulary;
    }

    public static Result run(Path path, Settings s) throws IOException, InterruptedException {
        try (Device device = Device.cpu(s.threads(), s.activations()); Model model = Model.open(path, device)) {
            if (model.spec().isEncoder()) {
                throw new IllegalArgumentException("bench serve: a " + model.spec().family() + " model is an encoder, it writes no tokens; give a decoder");
            }
            model.forward().cacheType(s.cacheType());
            Engine.Settings usual = Engine.Settings.usual();
            try (Engine engine = Engine.of(model, usual.withSequences(Math.min(s.clients(), 128)).withWaiting(s.clients()).withCache(usual.cacheBytes(), 0))) {
                List<Round> rounds = new ServeBench(s, new Ours(engine), model.spec().vocabulary()).rounds();
                return new Result(path.toString(), model.spec().family(), model.spec().parameterCount(), s, rounds, median(rounds), Machine.residentBytes(), Machine.peakResidentBytes());
            }
        }
    }

    /// The same of a server that is running and speaks OpenAI's `/v1/completions`; `vocabulary` says below which its tokens lie.
    public static Result run(URI peer, int vocabulary, Settings s) throws InterruptedException {
        try (HttpServer server = new HttpServer(peer)) {
            List<Round> rounds = new ServeBench(s, server, vocabulary).rounds();
            return new Result(peer.toString(), "", 0, s, rounds, median(rounds), 0, 0);
        }
    }

    private List<Round> rounds() throws InterruptedException {
        round(0);
        List<Round> rounds = new ArrayList<>();
        for (int i = 0; i < settings.repetitions(); i++) {
            rounds.add(round(i + 1));
        }
        return rounds;
    }

    private static Round median(List<Round> rounds) {
        List<Round> sorted = rounds.stream().sorted(Comparator.comparingDouble(Round::tokensPerSecond)).toList();
        return sorted.get(sorted.size() / 2);
    }

    private Round round(int number) throws InterruptedException {
        long passes = server.passes(), allocated = server.allocatedBytes();
        List<Answer> answers = new ArrayList<>();
        long start = System.nanoTime();
        try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<List<Answer>>> all = new ArrayList<>();
            for (int c = 0; c < settings.clients(); c++) {
                SplittableRandom random = new SplittableRandom(settings.seed() + 1000L * number + c);
                all.add(clients.submit(() -> client(random)));
            }
            for (Future<List<Answer>> client : all) {
                answers.addAll(client.get());
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("bench serve: a client failed: " + e.getCause().getMessage(), e.getCause());
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        double requests = (double) settings.clients() * settings.requests();
        return new Round(seconds, requests * settings.generate() / seconds, requests * settings.prompt() / seconds, Spread.of(answers.stream().mapToDouble(Answer::firstTokenMillis).toArray()),
                Spread.of(answers.stream().flatMapToDouble(answer -> Arrays.stream(answer.betweenMillis)).toArray()), server.passes() - passes, server.allocatedBytes() - allocated);
    }

    private List<Answer> client(SplittableRandom random) throws Exception {
        List<Answer> answers = new ArrayList<>();
        for (int r = 0; r < settings.requests(); r++) {
            int[] prompt = new int[settings.prompt()];
            Arrays.setAll(prompt, _ -> random.nextInt(vocabulary));
            answers.add(server.ask(prompt, settings.generate()));
        }
        return answers;
    }
}
