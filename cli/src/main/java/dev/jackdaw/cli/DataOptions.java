package dev.jackdaw.cli;

import dev.jackdaw.train.data.Cleaner;
import dev.jackdaw.train.data.Corpus;
import dev.jackdaw.train.data.CorpusStats;
import dev.jackdaw.train.data.DocumentSet;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What the `data` commands share: where text comes from, what is dropped, and how the answer looks.
@Command
final class DataOptions {
    @Parameters(arity = "1..*", paramLabel = "SOURCE", description = Sources.DESCRIPTION)
    private List<String> sources;

    @Option(names = "--min-bytes", paramLabel = "N", defaultValue = "64", description = "Documents shorter than this after cleaning are dropped.")
    private int minimumBytes;

    @Option(names = "--keep-headers", description = "Keep licence notices at the head of files.")
    private boolean keepHeaders;

    @Option(names = "--keep-generated", description = "Keep files that say they were generated.")
    private boolean keepGenerated;

    @Option(names = "--keep-odd", description = "Keep texts of an odd shape: very long lines, mostly numbers, hardly any letters.")
    private boolean keepOdd;

    @Option(names = "--near", paramLabel = "X", defaultValue = "0.8",
            description = "Drop documents at least this similar to an earlier one (Jaccard, estimated by MinHash); 0 keeps them.")
    private double near;

    @Option(names = "--held-out-bytes", paramLabel = "N", defaultValue = "4000000",
            description = "Size of the held-out set, chosen by the hash of each document, at most a tenth of all.")
    private long heldOutBytes;

    /// A line of the JSONL form.
    record Line(String id, String kind, String split, String text) {
    }

    private Corpus.Settings settings(CommonOptions common, boolean clean) {
        if (!(near >= 0 && near <= 1)) {
            throw common.wrong("--near " + near + ": give a number from 0 to 1");
        }
        if (minimumBytes < 1 || heldOutBytes < 0) {
            throw common.wrong("--min-bytes " + minimumBytes + ", --held-out-bytes " + heldOutBytes + ": give at least 1 and 0");
        }
        Cleaner.Rules rules = clean ? new Cleaner.Rules(minimumBytes, !keepHeaders, !keepGenerated, !keepOdd, true)
                : new Cleaner.Rules(minimumBytes, false, false, false, false);
        return Corpus.Settings.DEFAULT.withRules(rules).withDuplicates(true, near).withHeldOut(heldOutBytes, 0.1);
    }

    /// Builds the corpus at `file`, with a progress bar.
    Corpus build(CommonOptions common, Path file, boolean clean) throws IOException {
        Corpus.Settings settings = settings(common, clean);
        try (ProgressBar bar = common.output().progress("read")) {
            return Corpus.build(Sources.documents(sources), file, settings, common.threads(), (_, documents, bytes, fraction) ->
                    bar.updateShare(fraction, String.format(Locale.ROOT, "%,d documents, %.1f MB", documents, bytes / 1e6)));
        }
    }

    /// Builds it in a folder of its own that is removed afterwards.
    <T> T withTemporary(CommonOptions common, boolean clean, Function<Corpus, T> use) throws IOException {
        Path folder = Files.createTempDirectory("jackdaw-data");
        Path file = folder.resolve("corpus");
        try (Corpus corpus = build(common, file, clean)) {
            return use.apply(corpus);
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        }
    }

    /// Cleans into `out`: JSON lines where the name ends in `.jsonl`, else a corpus file.
    CorpusStats write(CommonOptions common, Path out, boolean clean) throws IOException {
        if (!out.toString().endsWith(".jsonl")) {
            try (Corpus corpus = build(common, out, clean)) {
                return corpus.stats();
            }
        }
        return withTemporary(common, clean, corpus -> {
            try (BufferedWriter writer = Files.newBufferedWriter(out)) {
                writeLines(corpus.train(), "train", writer);
                writeLines(corpus.heldOut(), "held-out", writer);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            return corpus.stats();
        });
    }

    private static void writeLines(DocumentSet documents, String split, BufferedWriter writer) throws IOException {
        for (int i = 0; i < documents.size(); i++) {
            writer.write(Json.write(new Line(documents.id(i), documents.kind(i).label(), split, new String(documents.text(i), StandardCharsets.UTF_8))));
            writer.write('\n');
        }
    }

    static void print(CorpusStats stats, Output output) {
        output.line("found     %,d documents, %,d bytes", stats.documentsFound(), stats.bytesFound());
        output.line("kept      %,d documents, %,d bytes", stats.documents(), stats.bytes());
        output.line("to train  %,d documents, %,d bytes", stats.trainDocuments(), stats.trainBytes());
        output.line("held out  %,d documents, %,d bytes", stats.heldOutDocuments(), stats.heldOutBytes());
        if (stats.tokens() > 0) {
            output.line("tokens    %,d to train on, %.3f bytes each", stats.tokens(), stats.bytesPerToken());
        }
        output.line("removed   %,d exact duplicates (%,d bytes), %,d near duplicates (%,d bytes), %,d licence headers (%,d bytes)",
                stats.exactDuplicates(), stats.exactDuplicateBytes(), stats.nearDuplicates(), stats.nearDuplicateBytes(),
                stats.headersRemoved(), stats.headerBytes());
        if (stats.documentsRepaired() > 0) {
            output.line("repaired  %,d documents with bytes that were not UTF-8", stats.documentsRepaired());
        }
        output.line("");
        var kinds = new ArrayList<List<String>>();
        for (CorpusStats.KindCount kind : stats.kinds()) {
            kinds.add(List.of(kind.kind(), Long.toString(kind.documents()), Long.toString(kind.bytes())));
        }
        output.table(List.of("kept, by kind", "documents", "bytes"), kinds);
        if (!stats.leftOut().isEmpty()) {
            output.line("");
            output.table(List.of("left out because", "documents", "bytes", "for example"), stats.leftOut().stream().map(reason -> List.of(
                    reason.meaning(), Long.toString(reason.documents()), Long.toString(reason.bytes()), reason.example())).toList());
        }
    }
}
