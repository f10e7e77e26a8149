package dev.jackdaw.train.data;

import java.nio.charset.StandardCharsets;
import java.util.List;

/// Cleaned documents that can be fetched in any order, by any thread: what a tokenizer is trained on and what token shards are made from.
public interface DocumentSet {
    int size();

    /// Of all texts together.
    long bytes();

    /// The text of document `i`, valid UTF-8; a copy.
    byte[] text(int i);

    int length(int i);

    String id(int i);

    Kind kind(int i);

    /// The same for the same texts in the same order, on any machine.
    String fingerprint();

    /// A few texts held in memory.
    static DocumentSet of(List<String> texts) {
        List<byte[]> bytes = texts.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList();
        return new DocumentSet() {
            @Override
            public int size() {
                return bytes.size();
            }

            @Override
            public long bytes() {
                return bytes.stream().mapToLong(text -> text.length).sum();
            }

            @Override
            public byte[] text(int i) {
                return bytes.get(i).clone();
            }

            @Override
            public int length(int i) {
                return bytes.get(i).length;
            }

            @Override
            public String id(int i) {
                return "text " + i;
            }

            @Override
            public Kind kind(int i) {
                return Kind.TEXT;
            }

            @Override
            public String fingerprint() {
                return fingerprintOf(bytes.stream().map(Fingerprint::of).toList());
            }
        };
    }

    /// SHA-256 of the fingerprints in order, as 64 hexadecimal digits.
    static String fingerprintOf(List<Fingerprint> fingerprints) {
        var digest = Fingerprint.sha256();
        byte[] bytes = new byte[16];
        var buffer = java.nio.ByteBuffer.wrap(bytes);
        for (Fingerprint fingerprint : fingerprints) {
            buffer.putLong(0, fingerprint.high()).putLong(8, fingerprint.low());
            digest.update(bytes);
        }
        return java.util.HexFormat.of().formatHex(digest.digest());
    }
}
