package dev.jackdaw.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZInputStream;
import org.tukaani.xz.XZOutputStream;

class BaselinesTest {
    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /// Words at random, in a fixed order of random numbers: text enough to compress, the same on every machine.
    private static byte[] text(int seed, int words) {
        String[] vocabulary = "the cat sat on a mat and ate fish while birds sang about long winters of the north".split(" ");
        Random random = new Random(seed);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < words; i++) {
            out.append(vocabulary[random.nextInt(vocabulary.length)]).append(i % 12 == 11 ? '\n' : ' ');
        }
        return bytes(out.toString());
    }

    @Test
    void sizesAreThoseOfTheCommands() {
        byte[] text = text(1, 5000);
        assertThat(text).hasSize(COMMAND_TEXT_BYTES);
        assertThat(Baselines.gzipBytes(text)).isCloseTo(COMMAND_GZIP, within(COMMAND_GZIP / 200));
        assertThat(Baselines.xzBytes(text)).isCloseTo(COMMAND_XZ, within(COMMAND_XZ / 100));
    }

    // `wc -c`, `gzip -9 -n -c | wc -c` (gzip 1.12) and `xz -9 -c | wc -c` (xz 5.4.1) of text(1, 5000)
    private static final int COMMAND_TEXT_BYTES = 22_997;
    private static final long COMMAND_GZIP = 4990;
    private static final long COMMAND_XZ = 4712;

    @Test
    void sizesAreThoseOfRealFiles() throws IOException {
        byte[] text = text(2, 300);
        ByteArrayOutputStream xz = new ByteArrayOutputStream();
        try (var out = new XZOutputStream(xz, new LZMA2Options(9))) {
            out.write(text);
        }
        assertThat(Baselines.xzBytes(text)).as("a dictionary as large as the text is enough").isEqualTo(xz.size());
        assertThat(new XZInputStream(new ByteArrayInputStream(xz.toByteArray())).readAllBytes()).isEqualTo(text);
    }

    @Test
    void oneStreamIsNeverWorseThanDocumentByDocument() {
        List<byte[]> documents = List.of(text(1, 400), text(2, 300), text(3, 500), text(1, 400));
        List<Baselines.Baseline> measured = Baselines.measure(documents);
        for (String name : List.of("gzip -9", "xz -9")) {
            long stream = find(measured, name, Baselines.ONE_STREAM).bytes();
            assertThat(stream).isLessThan(find(measured, name, Baselines.BY_DOCUMENT).bytes());
        }
        long textBytes = documents.stream().mapToLong(d -> d.length).sum();
        assertThat(measured).allSatisfy(b -> assertThat(b.bitsPerByte()).isCloseTo(b.bytes() * 8.0 / textBytes, within(1e-12)));
        assertThat(measured).extracting(Baselines.Baseline::name).contains("byte n-gram, order 0", "byte n-gram, order 3");
    }

    @Test
    void emptyTextHasNoRate() {
        assertThat(Baselines.measure(List.of())).allSatisfy(b -> assertThat(b.bitsPerByte()).isNaN());
    }

    @Test
    void unigramsCostTheEntropyOfTheBytes() {
        byte[] text = new byte[200_000];
        Random random = new Random(5);
        for (int i = 0; i < text.length; i++) {
            text[i] = (byte) "aaaaaaab".charAt(random.nextInt(8));
        }
        double entropy = 7 / 8.0 * Math.log(8 / 7.0) / Math.log(2) + 1 / 8.0 * 3;
        double[] bits = NGrams.bits(text);
        assertThat(bits[0] / text.length).isCloseTo(entropy, within(0.005));
        assertThat(bits[3] / text.length).as("contexts cannot help where there is no dependence").isCloseTo(entropy, within(0.01));
    }

    @Test
    void longerContextsLearnLongerPatterns() {
        byte[] text = bytes("aaababbb".repeat(4000));          // a de Bruijn sequence: three letters decide the next, two say nothing
        double[] bits = NGrams.bits(text);
        assertThat(bits[2]).isGreaterThan(0.95 * text.length);
        assertThat(bits[3]).isLessThan(0.05 * text.length);
    }

    /// The predictions after any history must add up to one, or the code length would be a lie.
    @Test
    void predictionsAddUpToOne() {
        byte[] history = text(9, 60);
        double[] before = NGrams.bits(history);
        double[] sum = new double[NGrams.ORDERS];
        for (int next = 0; next < 256; next++) {
            byte[] longer = Arrays.copyOf(history, history.length + 1);
            longer[history.length] = (byte) next;
            double[] after = NGrams.bits(longer);
            for (int order = 0; order < NGrams.ORDERS; order++) {
                sum[order] += Math.pow(2, before[order] - after[order]);
            }
        }
        for (double total : sum) {
            assertThat(total).isCloseTo(1, within(1e-9));
        }
    }

    @Test
    void bytesAboveAsciiAreContextsToo() {
        byte[] text = bytes("äöüß€".repeat(2000));
        assertThat(NGrams.bits(text)[3]).isLessThan(0.1 * text.length);
    }

    private static Baselines.Baseline find(List<Baselines.Baseline> measured, String name, String scope) {
        return measured.stream().filter(b -> b.name().equals(name) && b.scope().equals(scope)).min(Comparator.comparingLong(Baselines.Baseline::bytes)).orElseThrow();
    }
}
