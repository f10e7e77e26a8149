package dev.jackdaw.model.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class BpeTrainerTest {
    private static BpeTrainer.Settings plain(int vocabulary, int threads) {
        return new BpeTrainer.Settings(vocabulary, Split.LLAMA3, List.of(), 0, threads, 1 << 20);
    }

    private static List<String> merges(BytePairSpec spec) {
        List<String> merges = new ArrayList<>();
        for (int i = 0; i < spec.merges().length; i += 2) {
            merges.add(spec.pieces()[spec.merges()[i]] + " " + spec.pieces()[spec.merges()[i + 1]]);
        }
        return merges;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5})
    void learnsTheMergesOfTheReferenceTrainer(int threads) {
        JsonNode expected = Reference.JSON.readTree(Reference.bytes("bpe-train/expected.json"));
        assertThat(Split.LLAMA3.expression()).isEqualTo(expected.path("settings").path("split_regex").stringValue());
        BpeTrainer.Trained trained = BpeTrainer.train(List.of(Reference.bytes("bpe-train/input.txt")), plain(1024, threads), BpeTrainer.Progress.none());
        List<String> merges = new ArrayList<>();
        expected.path("merges").forEach(merge -> merges.add(merge.get(0).stringValue() + " " + merge.get(1).stringValue()));
        assertThat(merges(trained.spec())).isEqualTo(merges);
        JsonNode vocabulary = expected.path("vocab");
        assertThat(trained.spec().pieces()).hasSize(vocabulary.size());
        for (int id = 0; id < vocabulary.size(); id++) {
            assertThat(vocabulary.path(trained.spec().pieces()[id]).intValue()).isEqualTo(id);
        }
        assertThat(trained.documents()).isEqualTo(1);
        assertThat(trained.bytes()).isEqualTo(204_800);
        assertThat(trained.forgottenBelow()).isZero();
    }

    @Test
    void theNumberOfThreadsChangesNothing() {
        List<byte[]> documents = documents(3, 400);
        byte[] one = TokenizerJson.write(BpeTrainer.train(documents, BpeTrainer.Settings.of(700, 1), BpeTrainer.Progress.none()).spec());
        for (int threads : new int[] {2, 3, 8}) {
            assertThat(TokenizerJson.write(BpeTrainer.train(documents, BpeTrainer.Settings.of(700, threads), BpeTrainer.Progress.none()).spec()))
                .as("%d threads", threads).isEqualTo(one);
        }
    }

    /// Words that consist of few letters have overlapping pairs and many ties, where incremental counting goes wrong first.
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void countsIncrementallyWhatCountingAgainWouldFind(int letters) {
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            List<byte[]> documents = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                StringBuilder text = new StringBuilder();
                for (int n = random.nextInt(60); n >= 0; n--) {
                    text.append(random.nextInt(6) == 0 ? ' ' : (char) ('a' + random.nextInt(letters)));
                }
                documents.add(text.toString().getBytes(StandardCharsets.US_ASCII));
            }
            assertThat(merges(BpeTrainer.train(documents, plain(330, 2), BpeTrainer.Progress.none()).spec()))
                .as("seed %d", seed).isEqualTo(bruteForce(documents, 330));
        }
    }

    /// The definition: count all pairs of all words from scratch before every merge.
    private static List<String> bruteForce(List<byte[]> documents, int size) {
        List<String> pieces = new ArrayList<>();
        for (byte b : ByteAlphabet.inOrder()) {
            pieces.add(ByteAlphabet.write(new byte[] {b}));
        }
        List<List<Integer>> words = new ArrayList<>();
        for (byte[] document : documents) {
            for (int at = 0; at < document.length; ) {
                int end = Split.LLAMA3.next(document, at, document.length);
                List<Integer> word = new ArrayList<>();
                for (; at < end; at++) {
                    word.add(pieces.indexOf(ByteAlphabet.write(new byte[] {document[at]})));
                }
                words.add(word);
            }
        }
        List<String> merges = new ArrayList<>();
        while (pieces.size() < size) {
            Map<Long, Integer> counts = new HashMap<>();
            words.forEach(word -> {
                for (int i = 0; i + 1 < word.size(); i++) {
                    counts.merge(LongIntMap.pair(word.get(i), word.get(i + 1)), 1, Integer::sum);
                }
            });
            if (counts.isEmpty()) {
                break;
            }
            long best = counts.entrySet().stream().min((x, y) -> x.getValue().equals(y.getValue()) ? Long.compare(x.getKey(), y.getKey())
                : Integer.compare(y.getValue(), x.getValue())).orElseThrow().getKey();
            int left = (int) (best >>> 32);
            int right = (int) best;
            merges.add(pieces.get(left) + " " + pieces.get(right));
            String joined = pieces.get(left) + pieces.get(right);
            if (!pieces.contains(joined)) {
                pieces.add(joined);
            }
            int id = pieces.indexOf(joined);
            for (List<Integer> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    if (word.get(i) == left && word.get(i + 1) == right) {
                        word.set(i, id);
                        word.remove(i + 1);
                    }
                }
            }
        }
        return merges;
    }

    private static List<byte[]> documents(int seed, int count) {
        Random random = new Random(seed);
        List<byte[]> documents = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            documents.add(RandomText.bytes(random, 200));
        }
        return documents;
    }

    @Test
    void aFullMemoryForgetsRareWordsTheSameWayAtAnyNumberOfThreads() {
        List<byte[]> documents = new ArrayList<>();
        Random random = new Random(5);
        byte[] common = "the common words of all documents ".repeat(200).getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < 60; i++) {
            StringBuilder rare = new StringBuilder();
            for (int n = 0; n < 3_000; n++) {
                rare.append(' ').append((char) ('a' + random.nextInt(26))).append((char) ('a' + random.nextInt(26)))
                    .append((char) ('a' + random.nextInt(26))).append((char) ('a' + random.nextInt(26)));
            }
            documents.add(rare.toString().getBytes(StandardCharsets.US_ASCII));
            documents.add(common);
        }
        BpeTrainer.Trained one = BpeTrainer.train(documents, new BpeTrainer.Settings(300, Split.LLAMA3, List.of(), 0, 1, 20_000), BpeTrainer.Progress.none());
        BpeTrainer.Trained three = BpeTrainer.train(documents, new BpeTrainer.Settings(300, Split.LLAMA3, List.of(), 0, 3, 20_000), BpeTrainer.Progress.none());
        assertThat(one.forgottenBelow()).isGreaterThan(1);
        assertThat(three.forgottenBelow()).isEqualTo(one.forgottenBelow());
        assertThat(one.words()).isLessThan(100_000).isEqualTo(three.words());
        assertThat(merges(three.spec())).isEqualTo(merges(one.spec()));
    }

    @Test
    void ourVocabularyHasTheSizeAskedForAndEndsWithTheSpecialTokens() {
        BpeTrainer.Trained trained = BpeTrainer.train(List.of(Reference.bytes("bpe-train/input.txt")), BpeTrainer.Settings.of(512, 2), BpeTrainer.Progress.none());
        BytePairTokenizer tokenizer = new BytePairTokenizer(trained.spec());
        assertThat(tokenizer.vocabularySize()).isEqualTo(512);
        assertThat(tokenizer.id("<|endoftext|>")).hasValue(512 - 23);
        assertThat(tokenizer.id("<|spare_15|>")).hasValue(511);
        assertThat(tokenizer.bos()).hasValue(489);
        assertThat(tokenizer.encode("<|im_start|>user\n", true, true)).startsWith(489, 490);
        assertThat(tokenizer.encode("<|im_start|>", false, false)).doesNotContain(490);
        for (int id = 0; id < 489; id++) {
            byte[] token = tokenizer.bytes(id);
            if (Utf8.incompleteTail(token, token.length) == 0) {
                assertThat(tokenizer.encode(token, false, false)).as("token %d", id).containsExactly(id);
            }
        }
    }

    @Test
    void aSmallTextGivesASmallVocabulary() {
        BpeTrainer.Trained trained = BpeTrainer.train(List.of("aaaa bb".getBytes(StandardCharsets.US_ASCII)), BpeTrainer.Settings.of(4096, 2), BpeTrainer.Progress.none());
        assertThat(trained.spec().size()).isEqualTo(256 + 1 + 23);      // `aa`; everything else is seen once
    }

    @Test
    void reportsItsProgress() {
        List<Long> counted = new ArrayList<>();
        List<Long> merged = new ArrayList<>();
        BpeTrainer.train(List.of(new byte[0], "some text, some more text".getBytes(StandardCharsets.US_ASCII)), plain(260, 2), (stage, done, total) -> {
            if (stage == BpeTrainer.Stage.COUNTING) {
                counted.add(done);
            } else {
                merged.add(done);
                assertThat(total).isEqualTo(4);
            }
        });
        assertThat(counted).containsExactly(0L, 25L);
        assertThat(merged).containsExactly(1L, 2L, 3L, 4L);
    }

    @Test
    void refusesSettingsAndTextThatCannotWork() {
        assertThatThrownBy(() -> BpeTrainer.Settings.of(100, 1)).hasMessageContaining("vocabulary of 100").hasMessageContaining("279");
        assertThatThrownBy(() -> BpeTrainer.train(List.of(), BpeTrainer.Settings.of(512, 1), BpeTrainer.Progress.none())).hasMessageContaining("0 documents");
        assertThatThrownBy(() -> BpeTrainer.train(List.of(new byte[0]), BpeTrainer.Settings.of(512, 2), BpeTrainer.Progress.none())).hasMessageContaining("0 bytes");
    }

    @Test
    void aFailingSourceIsReportedAsItIs() {
        Iterable<byte[]> broken = () -> List.of(1, 2).stream().map(i -> {
            if (i == 2) {
                throw new IllegalStateException("the disk is gone");
            }
            return new byte[] {'a'};
        }).iterator();
        assertThatThrownBy(() -> BpeTrainer.train(broken, BpeTrainer.Settings.of(512, 2), BpeTrainer.Progress.none())).hasMessage("the disk is gone");
    }

    @Test
    void learnsFromBytesThatAreNoText() {
        byte[] noise = new byte[100_000];
        new Random(1).nextBytes(noise);
        BytePairTokenizer tokenizer = new BytePairTokenizer(BpeTrainer.train(List.of(noise), BpeTrainer.Settings.of(600, 2), BpeTrainer.Progress.none()).spec());
        assertThat(tokenizer.decodeBytes(tokenizer.encode(noise, false, false), false)).isEqualTo(noise);
    }
}
