package dev.jackdaw.train.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/// What text costs without a language model: the yardsticks of the compression table.
///
/// A model that gives each next token a probability is a compressor (arithmetic coding turns −log₂ p into bits), so its bits per byte stand
/// beside those of `gzip -9` and `xz -9` on the same documents, file headers included. *Document by document* is what the model's own figure
/// means: it starts every document knowing nothing of the others. *In one stream*, all documents joined in order without separators,
/// lets a compressor copy from earlier ones, and is the harder mark. The n-grams are [NGrams].
public final class Baselines {
    public static final String ONE_STREAM = "one stream";
    public static final String BY_DOCUMENT = "document by document";

    private static final String N_GRAM = "byte n-gram";

    private Baselines() {
    }

    /// @param name   the compressor, as a user would call it
    /// @param scope  [#ONE_STREAM] or [#BY_DOCUMENT]
    /// @param bytes  what it made of the text
    public record Baseline(String name, String scope, long bytes, double bitsPerByte) {
        /// Whether this is one of our [NGrams] rather than a program that people use.
        boolean isNGram() {
            return name.startsWith(N_GRAM);
        }

        static Baseline of(String name, String scope, long bytes, long textBytes) {
            return new Baseline(name, scope, bytes, textBytes == 0 ? Double.NaN : bytes * 8.0 / textBytes);
        }
    }

    /// Measures all baselines on these documents. A few seconds for 4 MB.
    public static List<Baseline> measure(List<byte[]> documents) {
        byte[] stream = join(documents);
        long gzip = 0;
        long xz = 0;
        for (byte[] document : documents) {
            gzip += gzipBytes(document);
            xz += xzBytes(document);
        }
        List<Baseline> baselines = new ArrayList<>();
        double[] bits = NGrams.bits(stream);
        for (int order = 0; order < bits.length; order++) {
            baselines.add(Baseline.of(N_GRAM + ", order " + order, ONE_STREAM, (long) Math.ceil(bits[order] / 8), stream.length));
        }
        baselines.add(Baseline.of("gzip -9", BY_DOCUMENT, gzip, stream.length));
        baselines.add(Baseline.of("xz -9", BY_DOCUMENT, xz, stream.length));
        baselines.add(Baseline.of("gzip -9", ONE_STREAM, gzipBytes(stream), stream.length));
        baselines.add(Baseline.of("xz -9", ONE_STREAM, xzBytes(stream), stream.length));
        return List.copyOf(baselines);
    }

    /// Size of `gzip -9 -n`: deflate at its highest level, 10 bytes of header, 8 of trailer.
    static long gzipBytes(byte[] text) {
        CountingStream count = new CountingStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(count, 1 << 16) {
            {
                def.setLevel(Deflater.BEST_COMPRESSION);
            }
        }) {
            gzip.write(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return count.bytes;
    }

    /// Size of `xz -9`. Preset 9 asks for a 64 MiB dictionary and ten times that in memory; a dictionary as large as the text finds the same
    /// matches, so smaller texts get by with less.
    static long xzBytes(byte[] text) {
        CountingStream count = new CountingStream();
        try {
            LZMA2Options options = new LZMA2Options(9);
            options.setDictSize(Math.clamp(text.length, LZMA2Options.DICT_SIZE_MIN, options.getDictSize()));
            try (XZOutputStream xz = new XZOutputStream(count, options)) {      // CRC64, as the command
                xz.write(text);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return count.bytes;
    }

    private static byte[] join(List<byte[]> documents) {
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        documents.forEach(stream::writeBytes);
        return stream.toByteArray();
    }

    private static final class CountingStream extends OutputStream {
        private long bytes;

        @Override
        public void write(int b) {
            bytes++;
        }

        @Override
        public void write(byte[] b, int from, int length) {
            bytes += length;
        }
    }
}
