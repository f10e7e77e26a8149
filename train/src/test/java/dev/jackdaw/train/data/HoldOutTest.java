package dev.jackdaw.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

import org.junit.jupiter.api.Test;

class HoldOutTest {
    private static List<Fingerprint> random(int n) {
        SplittableRandom random = new SplittableRandom(n);
        List<Fingerprint> fingerprints = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            fingerprints.add(new Fingerprint(random.nextLong(), random.nextLong()));
        }
        return fingerprints;
    }

    private static long[] lengths(int n, long each) {
        long[] lengths = new long[n];
        Arrays.fill(lengths, each);
        return lengths;
    }

    @Test
    void shareIsAboutTheShare() {
        long heldOut = random(20_000).stream().filter(f -> HoldOut.isHeldOut(f, 0.05)).count();
        assertThat(heldOut).isBetween(900L, 1100L);
        assertThat(random(100)).noneMatch(f -> HoldOut.isHeldOut(f, 0)).allMatch(f -> HoldOut.isHeldOut(f, 1));
        assertThat(HoldOut.isHeldOut(new Fingerprint(0x7FFF_FFFF_FFFF_FFFFL, 0), 0.5)).isTrue();
        assertThat(HoldOut.isHeldOut(new Fingerprint(0x8000_0000_0000_0000L, 0), 0.5)).isFalse();
    }

    @Test
    void fixedSizeTakesTheSmallestFingerprints() {
        List<Fingerprint> fingerprints = random(1000);
        int[] chosen = HoldOut.fixed(fingerprints, lengths(1000, 1000), 50_000, 0.1);
        assertThat(chosen).hasSize(50).isSorted();
        Fingerprint largest = Arrays.stream(chosen).mapToObj(fingerprints::get).max(Fingerprint::compareTo).orElseThrow();
        assertThat(fingerprints.stream().filter(f -> f.compareTo(largest) <= 0)).hasSize(50);
    }

    @Test
    void moreDocumentsMoveFewAcross() {
        List<Fingerprint> fingerprints = random(1000);
        int[] before = HoldOut.fixed(fingerprints.subList(0, 900), lengths(900, 1000), 50_000, 0.5);
        int[] after = HoldOut.fixed(fingerprints, lengths(1000, 1000), 50_000, 0.5);
        long stayed = Arrays.stream(before).filter(i -> Arrays.binarySearch(after, i) >= 0).count();
        assertThat(stayed).isGreaterThanOrEqualTo(40);
    }

    @Test
    void longDocumentsAreNotTheWholeExamination() {
        long[] lengths = lengths(1000, 1000);
        for (int i = 0; i < 1000; i += 10) {
            lengths[i] = 40_000;
        }
        int[] chosen = HoldOut.fixed(random(1000), lengths, 50_000, 0.5);
        assertThat(Arrays.stream(chosen).noneMatch(i -> i % 10 == 0)).isTrue();
    }

    @Test
    void smallCorporaKeepMostOfTheirText() {
        assertThat(HoldOut.fixed(random(100), lengths(100, 1000), 4_000_000, 0.1)).hasSize(10);
        assertThat(HoldOut.fixed(random(3), lengths(3, 1000), 4_000_000, 0.1)).hasSize(1);
        assertThat(HoldOut.fixed(random(2), new long[] {1, 1_000_000}, 4_000_000, 0.1)).hasSize(1);
        assertThat(HoldOut.fixed(random(1), lengths(1, 1000), 4_000_000, 0.1)).isEmpty();
        assertThat(HoldOut.fixed(random(10), lengths(10, 1000), 0, 0.1)).isEmpty();
    }
}
