package dev.jackdaw.train.data;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The identity of a text: the first 128 bits of the SHA-256 of its words.
///
/// Before hashing, every run of spaces, tabs and newlines becomes one space and those at both ends go, so that a copy with other
/// indentation is the same text. The definition is fixed for ever: the split into training and held-out documents hangs on it
/// ([HoldOut]), and anyone can check it with `sha256sum`.
public record Fingerprint(long high, long low) implements Comparable<Fingerprint> {
    /// Of cleaned text.
    public static Fingerprint of(byte[] text) {
        MessageDigest digest = sha256();
        byte[] normal = new byte[Math.min(text.length, 1 << 14)];
        int n = 0;
        boolean space = false;
        boolean any = false;
        for (byte b : text) {
            if (b == ' ' || b == '\n' || b == '\t' || b == '\r') {
                space = any;
                continue;
            }
            if (n + 2 > normal.length) {
                digest.update(normal, 0, n);
                n = 0;
                if (normal.length < 2) {
                    normal = new byte[2];
                }
            }
            if (space) {
                normal[n++] = ' ';
                space = false;
            }
            normal[n++] = b;
            any = true;
        }
        digest.update(normal, 0, n);
        byte[] hash = digest.digest();
        return new Fingerprint(bigEndian(hash, 0), bigEndian(hash, 8));
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static long bigEndian(byte[] bytes, int at) {
        long value = 0;
        for (int i = 0; i < 8; i++) {
            value = value << 8 | bytes[at + i] & 0xFF;
        }
        return value;
    }

    /// Ascending, both halves taken as unsigned.
    @Override
    public int compareTo(Fingerprint other) {
        int byHigh = Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }

    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
    }
}
