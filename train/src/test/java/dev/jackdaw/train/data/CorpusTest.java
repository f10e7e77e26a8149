package dev.jackdaw.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusTest {
    private static final Corpus.Settings SETTINGS = Corpus.Settings.DEFAULT;

    @TempDir
    Path folder;
    Path source;

    @BeforeEach
    void makeFiles() throws IOException {
        source = Files.createDirectories(folder.resolve("source/deep/er"));
        source = folder.resolve("source");
        for (int i = 0; i < 60; i++) {
            Files.writeString(source.resolve("C" + i + ".java"), Texts.java(i, "/*\n * Copyright (c) 2001 Someone\n * All rights reserved.\n */\n\n"));
            Files.writeString(source.resolve("deep/er/n" + i + ".txt"), Texts.words(1000 + i, 60 + 20 * i));
        }
        Files.copy(source.resolve("C3.java"), source.resolve("deep/Copy.java"));
        Files.writeString(source.resolve("deep/near.txt"), Texts.words(1059, 1240).replaceFirst("\\w+ \\w+", "another beginning"));
        Files.write(source.resolve("noise.txt"), new byte[] {0, 1, 2, 3, 0, 0, 9});
    }

    private Corpus build(String name, int threads) {
        return Corpus.build(Documents.of(source), folder.resolve(name), SETTINGS, threads, Progress.SILENT);
    }

    @Test
    void isTheSameFileAtAnyNumberOfThreads() throws IOException {
        build("one", 1).close();
        byte[] expected = Files.readAllBytes(folder.resolve("one"));
        for (int threads = 2; threads <= 3; threads++) {
            build("more", threads).close();
            assertThat(Files.readAllBytes(folder.resolve("more"))).as("%d threads", threads).isEqualTo(expected);
        }
    }

    @Test
    void cleansAndCountsWhatItLeavesOut() {
        try (Corpus corpus = build("c", 2)) {
            CorpusStats stats = corpus.stats();
            assertThat(stats.documents()).isEqualTo(120);
            assertThat(stats.exactDuplicates()).isEqualTo(1);
            assertThat(stats.nearDuplicates()).isEqualTo(1);
            assertThat(stats.headersRemoved()).isEqualTo(60);
            assertThat(stats.kinds()).extracting(CorpusStats.KindCount::kind).containsExactlyInAnyOrder("java", "text");
            assertThat(stats.leftOut()).extracting(CorpusStats.LeftOut::reason).contains("binary", "exact duplicate", "near duplicate");
            assertThat(stats.trainDocuments() + stats.heldOutDocuments()).isEqualTo(120);
            assertThat(stats.trainBytes()).isEqualTo(corpus.train().bytes());
            for (int i = 0; i < corpus.train().size(); i++) {
                assertThat(new String(corpus.train().text(i), StandardCharsets.UTF_8)).doesNotContain("Copyright").endsWith("\n");
            }
        }
    }

    @Test
    void holdsOutByContentAndNothingElse() throws IOException {
        Set<Fingerprint> heldOut = new HashSet<>();
        try (Corpus corpus = build("before", 1)) {
            for (int i = 0; i < corpus.heldOut().size(); i++) {
                heldOut.add(Fingerprint.of(corpus.heldOut().text(i)));
            }
            assertThat(corpus.stats().heldOutBytes()).isBetween(corpus.stats().bytes() / 20, corpus.stats().bytes() / 7);
        }
        for (int i = 0; i < 60; i++) {
            Files.move(source.resolve("C" + i + ".java"), source.resolve("deep/X" + (59 - i) + ".java"));
        }
        try (Corpus corpus = build("after", 1)) {
            Set<Fingerprint> again = new HashSet<>();
            for (int i = 0; i < corpus.heldOut().size(); i++) {
                again.add(Fingerprint.of(corpus.heldOut().text(i)));
            }
            assertThat(again).isEqualTo(heldOut);
            for (int i = 0; i < corpus.train().size(); i++) {
                assertThat(heldOut).doesNotContain(Fingerprint.of(corpus.train().text(i)));
            }
        }
    }

    @Test
    void opensWhatItWrote() {
        CorpusStats stats;
        try (Corpus corpus = build("c", 2)) {
            stats = corpus.stats();
        }
        try (Corpus corpus = Corpus.open(folder.resolve("c"))) {
            assertThat(corpus.stats()).isEqualTo(stats);
            assertThat(corpus.train().id(0)).isEqualTo("C0.java");
            assertThat(corpus.train().kind(0)).isEqualTo(Kind.JAVA);
            assertThat(corpus.train().fingerprint()).isEqualTo(stats.trainFingerprint()).hasSize(64);
        }
    }

    @Test
    void refusesDamagedFiles() throws IOException {
        build("c", 2).close();
        byte[] good = Files.readAllBytes(folder.resolve("c"));
        Path bad = folder.resolve("bad");
        SplittableRandom random = new SplittableRandom(1);
        int index = 128 + Math.toIntExact(ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong(16));
        for (int i = 0; i < 200; i++) {
            byte[] bytes = good.clone();
            int at = i % 2 == 0 ? random.nextInt(0, 128) : random.nextInt(index, good.length);
            bytes[at] ^= (byte) (1 << random.nextInt(8));
            Files.write(bad, bytes);
            assertThatThrownBy(() -> Corpus.open(bad)).as("byte %d", at).isInstanceOf(DataException.class).hasMessageContaining("damaged");
            Files.write(bad, Arrays.copyOf(good, random.nextInt(good.length)));
            assertThatThrownBy(() -> Corpus.open(bad)).isInstanceOf(DataException.class).hasMessageContaining("damaged");
        }
    }

    @Test
    void saysWhatWasFoundWhenNothingIsUsable() throws IOException {
        Path empty = Files.createDirectories(folder.resolve("empty"));
        assertThatThrownBy(() -> Corpus.build(Documents.of(empty), folder.resolve("x"), SETTINGS, 1, Progress.SILENT)).isInstanceOf(DataException.class)
            .hasMessageContaining("no usable document").hasMessageContaining("found 0 texts").hasMessageContaining("looked for");
        Files.write(empty.resolve("a.png"), new byte[100]);
        Files.writeString(empty.resolve("b.txt"), "tiny");
        assertThatThrownBy(() -> Corpus.build(Documents.of(empty), folder.resolve("x"), SETTINGS, 1, Progress.SILENT)).isInstanceOf(DataException.class)
            .hasMessageContaining("1 binary (a.png)").hasMessageContaining("1 tiny (b.txt)");
        assertThat(folder.resolve("x")).doesNotExist();
        try (var files = Files.list(folder)) {
            assertThat(files.map(p -> p.getFileName().toString())).noneMatch(name -> name.contains(".part"));
        }
        assertThatThrownBy(() -> Documents.of(folder.resolve("nowhere"))).isInstanceOf(DataException.class).hasMessageContaining("does not exist");
    }
}
