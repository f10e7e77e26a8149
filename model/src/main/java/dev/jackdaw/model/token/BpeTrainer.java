package dev.jackdaw.model.token;

import dev.jackdaw.tensor.Workers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Learns a byte-level BPE vocabulary: begin with the 256 bytes and join, again and again, the two neighbours that are seen together
/// most often (Sennrich et al., 2016, section 3.2). Equal counts: the smaller left id, then the smaller right id, as in `tokenizers`.
///
/// Counting words comes first ([WordCounter]), since every word is merged alike wherever it stands: hundreds of megabytes become some
/// hundred thousand words with counts. Then each step touches only the words that contain the pair ([PairCounts]).
///
/// The result depends on the documents and the settings only, not on the number of threads.
public final class BpeTrainer {
    private BpeTrainer() {
    }

    /// @param vocabularySize all ids: the 256 bytes, the merges and the special tokens
    /// @param split          how text is cut into words
    /// @param specialTokens  names that take the last ids; if `<|endoftext|>` is among them, it begins and ends documents
    /// @param minimumCount   pairs seen less often are not merged; then the vocabulary stays smaller
    /// @param threads        threads that count
    /// @param mostWords      different words kept in memory, each about 60 bytes; beyond, the rarest are forgotten
    public record Settings(int vocabularySize, Split split, List<String> specialTokens, long minimumCount, int threads, int mostWords) {
        public Settings {
            specialTokens = List.copyOf(specialTokens);
            int least = 256 + specialTokens.size();
            if (vocabularySize < least || vocabularySize > BytePairSpec.MOST_IDS) {
                throw new IllegalArgumentException("tokenizer: a vocabulary of " + vocabularySize + " was asked for; expected from " + least
                    + " (256 bytes and " + specialTokens.size() + " special tokens) to " + BytePairSpec.MOST_IDS);
            }
            if (minimumCount < 0 || threads < 1 || mostWords < 1024) {
                throw new IllegalArgumentException("tokenizer: minimum count " + minimumCount + ", " + threads + " threads, " + mostWords
                    + " words; expected at least 0, 1 and 1024");
            }
        }

        /// The tokenizer of our own models.
        public static Settings of(int vocabularySize, int threads) {
            return new Settings(vocabularySize, Split.LLAMA3, SpecialTokens.names(), 2, threads, 4 << 20);
        }
    }

    /// What training is doing.
    public enum Stage { COUNTING, MERGING }

    /// Told now and then how far training is: bytes counted (`total` is -1, unknown) or merges made. Called by one thread at a time.
    @FunctionalInterface
    public interface Progress {
        void at(Stage stage, long done, long total);

        /// Tells nobody.
        static Progress none() {
            return (_, _, _) -> { };
        }
    }

    /// @param spec           the tokenizer; [BytePairTokenizer] uses it
    /// @param documents      documents read
    /// @param bytes          their length
    /// @param words          different words
    /// @param forgottenBelow 0 if all words fitted into memory; else those seen fewer times than this may have been left out
    public record Trained(BytePairSpec spec, long documents, long bytes, long words, long forgottenBelow) {
    }

    /// Learns from these documents, each UTF-8 or any other bytes. They are read once, in order, by whichever thread needs the next.
    public static Trained train(Iterable<byte[]> documents, Settings settings, Progress progress) {
        WordCounter counter = new WordCounter(settings.split(), settings.threads(), settings.mostWords());
        WordCounts[] words;
        try (Workers workers = Workers.of(settings.threads())) {
            words = counter.count(documents.iterator(), workers, progress);
        }
        if (counter.bytes() == 0) {
            throw new IllegalArgumentException("tokenizer: " + counter.documents() + " documents with 0 bytes; nothing to learn from");
        }
        long different = 0;
        for (WordCounts shard : words) {
            different += shard.size();
        }
        BytePairSpec spec = merge(words, settings, progress);
        return new Trained(spec, counter.documents(), counter.bytes(), different, counter.forgottenBelow());
    }

    private static BytePairSpec merge(WordCounts[] words, Settings settings, Progress progress) {
        int size = settings.vocabularySize() - settings.specialTokens().size();
        List<String> pieces = new ArrayList<>(size);
        Map<String, Integer> idOfPiece = HashMap.newHashMap(size);
        int[] idOfByte = new int[256];
        for (byte b : ByteAlphabet.inOrder()) {
            idOfByte[b & 0xFF] = pieces.size();
            pieces.add(ByteAlphabet.write(new byte[] {b}));
        }
        pieces.forEach(piece -> idOfPiece.put(piece, idOfPiece.size()));
        PairCounts pairs = new PairCounts(words, idOfByte);
        TokenList merges = new TokenList(2 * size);
        int total = size - pieces.size();
        while (pieces.size() < size && pairs.takeBest() >= Math.max(1, settings.minimumCount())) {
            merges.addAll(pairs.left(), pairs.right());
            String joined = pieces.get(pairs.left()) + pieces.get(pairs.right());
            // `ab`+`c` may come after `a`+`bc`: the merge is new, the token is not.
            Integer known = idOfPiece.putIfAbsent(joined, pieces.size());
            if (known == null) {
                pieces.add(joined);
            }
            pairs.merge(known == null ? pieces.size() - 1 : known);
            progress.at(Stage.MERGING, pieces.size() - 256, total);
        }
        int first = pieces.size();
        List<AddedToken> added = new ArrayList<>();
        for (String name : settings.specialTokens()) {
            added.add(AddedToken.of(first + added.size(), name, true));
        }
        int end = settings.specialTokens().indexOf(SpecialTokens.END_OF_TEXT);
        int[] before = end < 0 ? new int[0] : new int[] {first + end};
        return new BytePairSpec(pieces.toArray(String[]::new), merges.toArray(), added, settings.split(), null, true, false, before,
            new int[0], end < 0 ? -1 : first + end, end < 0 ? -1 : first + end);
    }
}
