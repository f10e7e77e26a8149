package dev.jackdaw.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenShardTest {
    @TempDir
    Path folder;

    private TokenShard write(String name, int vocabulary, int threads) {
        return TokenShard.write(folder.resolve(name), DocumentSet.of(Texts.many(1, 300, 400)), Texts::bytes, vocabulary, 1, "bytes", threads, Progress.SILENT);
    }

    @Test
    void givesBackWhatWasWritten() {
        List<String> texts = Texts.many(1, 300, 400);
        for (int vocabulary : new int[] {258, 65_536, 65_537, 200_000}) {
            try (TokenShard shard = write("v" + vocabulary, vocabulary, 2)) {
                assertThat(shard.documents()).isEqualTo(300);
                assertThat(shard.textBytes()).isEqualTo(texts.stream().mapToLong(String::length).sum());
                assertThat(shard.tokens()).isEqualTo(shard.textBytes() + 300);
                assertThat(shard.bytesPerToken()).isEqualTo(1.0);
                for (int d = 0; d < 300; d += 37) {
                    assertThat(shard.token(shard.start(d))).isEqualTo(1);
                    for (int i = 0; i < texts.get(d).length(); i++) {
                        assertThat(shard.token(shard.start(d) + 1 + i)).isEqualTo(texts.get(d).charAt(i) + 2);
                    }
                }
                assertThat(shard.token(shard.tokens())).isEqualTo(1);
                shard.verify();
            }
        }
    }

    @Test
    void isTheSameFileAtAnyNumberOfThreads() throws IOException {
        write("one", 258, 1).close();
        for (int threads = 2; threads <= 3; threads++) {
            write("more", 258, threads).close();
            assertThat(folder.resolve("more")).hasSameBinaryContentAs(folder.resolve("one"));
        }
    }

    @Test
    void fingerprintTellsDataAndTokenizersApart() {
        DocumentSet texts = DocumentSet.of(List.of("one text", "another"));
        Path path = folder.resolve("f");
        String first = fingerprint(path, texts, 258, "a");
        assertThat(fingerprint(path, texts, 258, "a")).isEqualTo(first);
        assertThat(fingerprint(path, texts, 258, "b")).isNotEqualTo(first);
        assertThat(fingerprint(path, texts, 300, "a")).isNotEqualTo(first);
        assertThat(fingerprint(path, DocumentSet.of(List.of("another", "one text")), 258, "a")).isNotEqualTo(first);
        // fixed for ever, like the split
        assertThat(texts.fingerprint()).isEqualTo("abf0154d60ff5529a52748ff6fd4432b75fc680e1a82b719886764daef22447d");
    }

    private static String fingerprint(Path path, DocumentSet texts, int vocabulary, String tokenizer) {
        try (TokenShard shard = TokenShard.write(path, texts, Texts::bytes, vocabulary, 1, tokenizer, 1, Progress.SILENT)) {
            return shard.fingerprint();
        }
    }

    @Test
    void refusesDamagedFiles() throws IOException {
        write("good", 258, 1).close();
        byte[] good = Files.readAllBytes(folder.resolve("good"));
        Path bad = folder.resolve("bad");
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 300; i++) {
            byte[] bytes = good.clone();
            bytes[i % 3 == 0 ? random.nextInt(128) : i % 3 == 1 ? good.length - 1 - random.nextInt(2400) : random.nextInt(good.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(bad, bytes);
            assertThatThrownBy(() -> {
                try (TokenShard shard = TokenShard.open(bad)) {
                    shard.verify();
                }
            }).isInstanceOf(DataException.class).hasMessageContaining("damaged").hasMessageContaining("bad");
            Files.write(bad, Arrays.copyOf(good, random.nextInt(good.length)));
            assertThatThrownBy(() -> TokenShard.open(bad)).isInstanceOf(DataException.class).hasMessageContaining("damaged");
        }
        assertThatThrownBy(() -> TokenShard.open(folder.resolve("none"))).isInstanceOf(DataException.class).hasMessageContaining("does not exist");
        assertThatThrownBy(() -> TokenShard.open(folder)).isInstanceOf(DataException.class).hasMessageContaining("is not a file");
    }

    @Test
    void aDamagedIdNeverReachesAKernel() throws IOException {
        write("good", 258, 1).close();
        byte[] bytes = Files.readAllBytes(folder.resolve("good"));
        bytes[128 + 1001] = 77;                                           // the high byte of an id
        Files.write(folder.resolve("bad"), bytes);
        try (TokenShard shard = TokenShard.open(folder.resolve("bad")); var arena = java.lang.foreign.Arena.ofConfined()) {
            long to = arena.allocate(4000).address();
            assertThatThrownBy(() -> shard.copy(400, 1000, to)).isInstanceOf(DataException.class).hasMessageContaining("position 500")
                .hasMessageContaining("vocabulary of 258");
            assertThatThrownBy(() -> shard.copy(shard.tokens(), 2, to)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void aFailedWriteLeavesNothingBehind() throws IOException {
        write("t", 258, 1).close();
        byte[] before = Files.readAllBytes(folder.resolve("t"));
        DocumentSet texts = DocumentSet.of(Texts.many(1, 30, 50));
        for (int threads = 1; threads <= 2; threads++) {
            int n = threads;
            assertThatThrownBy(() -> TokenShard.write(folder.resolve("t"), texts, _ -> new int[] {5, 999}, 258, 1, "x", n, Progress.SILENT))
                .isInstanceOf(DataException.class).hasMessageContaining("id 999 for text 0").hasMessageContaining("258");
            assertThatThrownBy(() -> TokenShard.write(folder.resolve("t"), texts, _ -> { throw new IllegalStateException("broken tokenizer"); }, 258, 1, "x", n,
                Progress.SILENT)).isInstanceOf(IllegalStateException.class).hasMessage("broken tokenizer");
        }
        assertThat(Files.readAllBytes(folder.resolve("t"))).isEqualTo(before);
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(1);
        }
        assertThatThrownBy(() -> TokenShard.write(Path.of("/proc/none/t"), texts, Texts::bytes, 258, 1, "x", 1, Progress.SILENT))
            .isInstanceOf(DataException.class).hasMessageContaining("could not be created");
    }
}
