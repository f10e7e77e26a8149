package dev.jackdaw.train.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/// A corpus: cleaned documents without duplicates in one file, divided for ever into what is learned from and what is held out.
///
/// ```java
/// try (Corpus corpus = Corpus.build(Documents.of(srcZip), folder.resolve("corpus"), Corpus.Settings.DEFAULT, 2, Progress.SILENT)) {
///     DocumentSet train = corpus.train();      // for the tokenizer and the token shards
///     DocumentSet heldOut = corpus.heldOut();  // for examination
///     CorpusStats stats = corpus.stats();
/// }
/// ```
///
/// Building streams: documents are cleaned and sketched by several threads, asked about in order, and written out. Of each document only
/// its place, its fingerprint and its sketch stay in memory, some 700 bytes.
public final class Corpus implements AutoCloseable {
    /// @param rules          of cleaning
    /// @param exact          drop documents with the same text as an earlier one
    /// @param nearSimilarity drop documents whose estimated Jaccard similarity with an earlier one is at least this; 0: keep them
    /// @param heldOutBytes   size of the held-out set
    /// @param heldOutShare   the held-out set is at most this share of the corpus
    public record Settings(Cleaner.Rules rules, boolean exact, double nearSimilarity, long heldOutBytes, double heldOutShare) {
        public static final Settings DEFAULT = new Settings(Cleaner.Rules.DEFAULT, true, 0.8, 4_000_000, 0.1);

        public Settings withRules(Cleaner.Rules other) {
            return new Settings(other, exact, nearSimilarity, heldOutBytes, heldOutShare);
        }

        public Settings withDuplicates(boolean dropExact, double dropNearFrom) {
            return new Settings(rules, dropExact, dropNearFrom, heldOutBytes, heldOutShare);
        }

        public Settings withHeldOut(long bytes, double mostShare) {
            return new Settings(rules, exact, nearSimilarity, bytes, mostShare);
        }
    }

    private final CorpusFile file;
    private final DocumentSet train;
    private final DocumentSet heldOut;

    private Corpus(CorpusFile file) {
        this.file = file;
        this.train = file.subset(false);
        this.heldOut = file.subset(true);
    }

    /// A corpus built before. Refuses a file that is truncated or damaged.
    public static Corpus open(Path path) {
        return new Corpus(CorpusFile.open(path));
    }

    /// Reads, cleans, removes duplicates, divides and writes `path`; the result is the same at any number of threads.
    public static Corpus build(Documents documents, Path path, Settings settings, int threads, Progress progress) {
        try (CorpusFile.Writer writer = CorpusFile.create(path)) {
            Builder builder = new Builder(settings, writer, progress);
            builder.read(documents, threads);
            builder.finish(documents);
        }
        return open(path);
    }

    public DocumentSet train() {
        return train;
    }

    public DocumentSet heldOut() {
        return heldOut;
    }

    public CorpusStats stats() {
        return file.stats();
    }

    /// Reads everything once and compares the checksum of the texts; opening checks only what is known about them.
    public void verify() {
        file.verify();
    }

    /// Writes documents as JSONL, one `{"id", "kind", "text"}` per line, for other tools. Readable by [Documents] again.
    public static void export(DocumentSet documents, Path path) {
        JsonLines.write(documents, path);
    }

    @Override
    public void close() {
        file.close();
    }

    /// A cleaned document with what has to be known of it to recognise a copy.
    private record Prepared(Cleaner.Outcome outcome, Fingerprint fingerprint, short[] sketch) {
    }

    private static final class Builder {
        private final Settings settings;
        private final CorpusFile.Writer writer;
        private final Progress progress;
        private final Tally skipped = new Tally();
        private final Duplicates duplicates;
        private final Map<Kind, long[]> kinds = new EnumMap<>(Kind.class);
        private long found;
        private long bytesFound;
        private long headers;
        private long headerBytes;
        private long repaired;
        private double fraction;

        Builder(Settings settings, CorpusFile.Writer writer, Progress progress) {
            this.settings = settings;
            this.writer = writer;
            this.progress = progress;
            this.duplicates = new Duplicates(settings.exact(), settings.nearSimilarity());
        }

        void read(Documents documents, int threads) {
            Cleaner cleaner = new Cleaner(settings.rules());
            try (Ordered<Document, Prepared> conveyor = new Ordered<>(threads, document -> document.bytes().length,
                document -> prepare(cleaner, document), this::receive)) {
                documents.forEach(new Documents.Sink() {
                    @Override
                    public void accept(Document document) {
                        found++;
                        bytesFound += document.bytes().length;
                        conveyor.add(document);
                    }

                    @Override
                    public void progress(double done) {
                        fraction = done;
                    }
                }, skipped);
                conveyor.finish();
            }
            progress.update("clean", writer.documents(), writer.bytes(), 1);
        }

        private Prepared prepare(Cleaner cleaner, Document document) {
            Cleaner.Outcome outcome = cleaner.clean(document);
            if (!(outcome instanceof Cleaner.Outcome.Kept kept)) {
                return new Prepared(outcome, null, null);
            }
            byte[] text = kept.document().bytes();
            return new Prepared(outcome, Fingerprint.of(text), settings.nearSimilarity() == 0 ? null : MinHash.sketch(text));
        }

        private void receive(Prepared prepared) {
            switch (prepared.outcome()) {
                case Cleaner.Outcome.Dropped dropped -> skipped.add(dropped.reason(), dropped.id(), dropped.bytes());
                case Cleaner.Outcome.Kept kept -> {
                    Document document = kept.document();
                    int length = document.bytes().length;
                    Reason copy = duplicates.look(prepared.fingerprint(), prepared.sketch());
                    if (copy != null) {
                        skipped.add(copy, document.id(), length);
                        return;
                    }
                    headers += kept.headerBytes() > 0 ? 1 : 0;
                    headerBytes += kept.headerBytes();
                    repaired += kept.repairedBytes() > 0 ? 1 : 0;
                    long[] count = kinds.computeIfAbsent(document.kind(), _ -> new long[2]);
                    count[0]++;
                    count[1] += length;
                    writer.add(document, prepared.fingerprint());
                    progress.update("clean", writer.documents(), writer.bytes(), fraction);
                }
            }
        }

        void finish(Documents documents) {
            if (writer.documents() == 0) {
                throw new DataException("data: no usable document in " + documents.sources() + "; found " + found + " texts of " + bytesFound
                    + " bytes; left out: " + skipped.describe() + "; looked for text, source code, .zip, .jar, .tar, .jsonl, .gz, .zst and .xz, each document at least "
                    + settings.rules().minimumBytes() + " bytes long after cleaning");
            }
            List<Fingerprint> fingerprints = writer.fingerprints();
            long[] lengths = writer.lengths();
            int[] heldOut = HoldOut.fixed(fingerprints, lengths, settings.heldOutBytes(), settings.heldOutShare());
            boolean[] isHeldOut = new boolean[lengths.length];
            Arrays.stream(heldOut).forEach(i -> isHeldOut[i] = true);
            writer.finish(isHeldOut, stats(fingerprints, lengths, isHeldOut));
        }

        private CorpusStats stats(List<Fingerprint> fingerprints, long[] lengths, boolean[] isHeldOut) {
            List<Fingerprint> train = new ArrayList<>();
            List<Fingerprint> held = new ArrayList<>();
            long trainBytes = 0;
            long heldBytes = 0;
            for (int i = 0; i < lengths.length; i++) {
                (isHeldOut[i] ? held : train).add(fingerprints.get(i));
                trainBytes += isHeldOut[i] ? 0 : lengths[i];
                heldBytes += isHeldOut[i] ? lengths[i] : 0;
            }
            List<CorpusStats.LeftOut> leftOut = skipped.counts().entrySet().stream().map(e -> new CorpusStats.LeftOut(e.getKey().label(),
                e.getKey().meaning(), e.getValue().documents(), e.getValue().bytes(), e.getValue().example())).toList();
            List<CorpusStats.KindCount> kindCounts = kinds.entrySet().stream()
                .map(e -> new CorpusStats.KindCount(e.getKey().label(), e.getValue()[0], e.getValue()[1]))
                .sorted(Comparator.comparingLong(CorpusStats.KindCount::bytes).reversed()).toList();
            Tally.Count exact = skipped.of(Reason.EXACT_DUPLICATE);
            Tally.Count near = skipped.of(Reason.NEAR_DUPLICATE);
            return new CorpusStats(found, bytesFound, lengths.length, trainBytes + heldBytes, headers, headerBytes, repaired, exact.documents(),
                exact.bytes(), near.documents(), near.bytes(), leftOut, kindCounts, train.size(), trainBytes, held.size(), heldBytes,
                DocumentSet.fingerprintOf(train), DocumentSet.fingerprintOf(held), 0, 0);
        }
    }
}
