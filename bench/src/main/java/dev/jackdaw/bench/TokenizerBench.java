package dev.jackdaw.bench;

import dev.jackdaw.model.token.BpeTrainer;
import dev.jackdaw.model.token.BytePairSpec;
import dev.jackdaw.model.token.BytePairTokenizer;
import dev.jackdaw.model.token.TokenList;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.TokenizerJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// How fast this machine learns a vocabulary from a zip of texts (the JDK's `lib/src.zip`, say), and encodes them with it.
public final class TokenizerBench {
    /// @param trainSeconds         unpacking the zip, counting words and learning the merges
    /// @param trainBytesPerSecond  of text
    /// @param bytesPerSecond       encoded by one thread, document by document, the median of the rounds; from memory to memory
    /// @param firstBytesPerSecond  the same in the first round, with a JVM that has not encoded before
    public record Result(long documents, long bytes, long words, int vocabulary, int threads, double trainSeconds, double trainBytesPerSecond,
                         double bytesPerSecond, double firstBytesPerSecond, double bytesPerToken) {
    }

    private TokenizerBench() {
    }

    /// Trains, then encodes everything `rounds` times with one thread.
    public static Result run(Path zip, int vocabulary, int threads, int rounds) {
        long start = System.nanoTime();
        BpeTrainer.Trained trained = train(zip, vocabulary, threads);
        double trainSeconds = (System.nanoTime() - start) / 1e9;
        return encode(documents(zip), trained, threads, trainSeconds, rounds);
    }

    private static BpeTrainer.Trained train(Path zip, int vocabulary, int threads) {
        try (ZipFile file = new ZipFile(zip.toFile())) {
            Iterable<byte[]> documents = () -> file.stream().filter(entry -> !entry.isDirectory()).map(entry -> read(file, entry)).iterator();
            return BpeTrainer.train(documents, BpeTrainer.Settings.of(vocabulary, threads), BpeTrainer.Progress.none());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Result encode(List<byte[]> documents, BpeTrainer.Trained trained, int threads, double trainSeconds, int rounds) {
        Tokenizer tokenizer = new BytePairTokenizer(trained.spec());
        TokenList ids = new TokenList(1 << 20);
        double[] rates = new double[rounds];
        long tokens = 0;
        for (int round = 0; round < rounds; round++) {
            tokens = 0;
            long start = System.nanoTime();
            for (byte[] document : documents) {
                ids.clear();
                tokenizer.encode(document, 0, document.length, false, ids);
                tokens += ids.size();
            }
            rates[round] = trained.bytes() / ((System.nanoTime() - start) / 1e9);
        }
        double first = rates[0];
        Arrays.sort(rates);
        return new Result(trained.documents(), trained.bytes(), trained.words(), trained.spec().size(), threads, trainSeconds,
            trained.bytes() / trainSeconds, rates[rounds / 2], first, (double) trained.bytes() / tokens);
    }

    /// All files of the zip, in memory.
    private static List<byte[]> documents(Path zip) {
        try (ZipFile file = new ZipFile(zip.toFile())) {
            return file.stream().filter(entry -> !entry.isDirectory()).map(entry -> read(file, entry)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] read(ZipFile file, ZipEntry entry) {
        try (InputStream in = file.getInputStream(entry)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(entry.getName(), e);
        }
    }

    /// `ZIP VOCABULARY THREADS ROUNDS [OUT]`; OUT receives the `tokenizer.json`, so that others can be measured with the same one.
    public static void main(String[] args) throws IOException {
        Path zip = Path.of(args[0]);
        int vocabulary = Integer.parseInt(args[1]);
        int threads = Integer.parseInt(args[2]);
        IO.println(run(zip, vocabulary, threads, Integer.parseInt(args[3])));
        if (args.length > 4) {
            BytePairSpec spec = train(zip, vocabulary, threads).spec();
            Files.write(Path.of(args[4]), TokenizerJson.write(spec));
        }
    }
}
