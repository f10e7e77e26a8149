package dev.jackdaw.model.token;

import dev.jackdaw.tensor.Workers;
import java.util.Iterator;

/// Counts the words of documents with several threads, in bounded memory.
///
/// Every thread takes the next document when it is free and counts into tables of its own, one for each of [#SHARDS] ranges of the hash;
/// sums do not depend on who counted what. The documents come in rounds of some megabytes: after a round, if there may be more
/// different words than allowed, the tables are added up and, if there really are, words seen least often are forgotten until half of
/// the allowance is free. Rounds and that decision depend on the documents alone, so the result is the same at any number of threads.
///
/// The bound: `mostWords` words of about 60 bytes in the shared tables, the same again in those of the threads, and one round of text.
final class WordCounter {
    static final int SHARDS = 16;
    private static final long MOST_ROUND_BYTES = 16L << 20;

    private final Split split;
    private final int mostWords;
    private final long roundBytes;                      // 16 MiB; less where few words are allowed, as a round may bring many
    private final WordCounts[][] counts;                // [thread, shard]; those of thread 0 are also the sum
    private long documents;
    private long bytes;
    private long forgottenBelow;                        // words seen fewer times than this have been forgotten at some time

    WordCounter(Split split, int threads, int mostWords) {
        this.split = split;
        this.mostWords = mostWords;
        roundBytes = Math.min(MOST_ROUND_BYTES, mostWords * 16L);
        counts = new WordCounts[threads][];
        for (int i = 0; i < threads; i++) {
            counts[i] = empty();
        }
    }

    private static WordCounts[] empty() {
        WordCounts[] shards = new WordCounts[SHARDS];
        for (int i = 0; i < SHARDS; i++) {
            shards[i] = new WordCounts();
        }
        return shards;
    }

    /// Counts all documents; the result has one table a shard.
    WordCounts[] count(Iterator<byte[]> source, Workers workers, BpeTrainer.Progress progress) {
        boolean more = true;
        while (more) {
            Round round = new Round(source, progress);
            workers.run(counts.length, thread -> {
                for (byte[] document = round.next(); document != null; document = round.next()) {
                    count(document, counts[thread]);
                }
            });
            more = !round.exhausted;
            if (weight() > mostWords) {
                addUp(workers);
                if (weight() > mostWords) {
                    forget();
                }
            }
        }
        addUp(workers);
        return counts[0];
    }

    private void count(byte[] text, WordCounts[] shards) {
        int at = 0;
        while (at < text.length) {
            int end = split.next(text, at, text.length);
            shards[shard(text, at, end)].add(text, at, end - at, 1);
            at = end;
        }
    }

    /// Any function of the word will do; the bytes around its middle differ most.
    private static int shard(byte[] text, int from, int to) {
        int mix = text[from] * 31 + text[to - 1] * 17 + text[from + to >>> 1] * 7 + (to - from);
        return (mix ^ mix >>> 4) & SHARDS - 1;
    }

    private long weight() {
        long weight = 0;
        for (WordCounts[] shards : counts) {
            for (WordCounts shard : shards) {
                weight += shard.weight();
            }
        }
        return weight;
    }

    private void addUp(Workers workers) {
        workers.run(SHARDS, shard -> {
            for (int thread = 1; thread < counts.length; thread++) {
                counts[0][shard].addAll(counts[thread][shard]);
                counts[thread][shard] = new WordCounts();
            }
        });
    }

    private void forget() {
        long[] wordsSeen = new long[1 << 16];                             // how many words were seen so often
        for (WordCounts shard : counts[0]) {
            shard.forEach((_, _, length, count) ->
                wordsSeen[(int) Math.min(count, wordsSeen.length - 1)] += 1 + (length > WordKey.LONGEST ? length / 32 : 0));
        }
        long left = weight();
        int least = 1;
        while (left > mostWords / 2 && least < wordsSeen.length - 1) {
            left -= wordsSeen[least++];
        }
        for (int shard = 0; shard < SHARDS; shard++) {
            counts[0][shard] = counts[0][shard].atLeast(least);
        }
        forgottenBelow = Math.max(forgottenBelow, least);
    }

    long documents() {
        return documents;
    }

    long bytes() {
        return bytes;
    }

    /// 0 if every word was kept; else words seen fewer times than this may be missing.
    long forgottenBelow() {
        return forgottenBelow;
    }

    /// The documents of one round, handed out one at a time.
    private final class Round {
        private final Iterator<byte[]> source;
        private final BpeTrainer.Progress progress;
        private long left = roundBytes;
        private boolean exhausted;

        Round(Iterator<byte[]> source, BpeTrainer.Progress progress) {
            this.source = source;
            this.progress = progress;
        }

        synchronized byte[] next() {
            if (left <= 0 || exhausted) {
                return null;
            }
            if (!source.hasNext()) {
                exhausted = true;
                return null;
            }
            byte[] document = source.next();
            left -= Math.max(1, document.length);
            documents++;
            bytes += document.length;
            progress.at(BpeTrainer.Stage.COUNTING, bytes, -1);
            return document;
        }
    }
}
