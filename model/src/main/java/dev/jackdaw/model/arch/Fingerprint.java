package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Tells models apart without reading all of their weights: SHA-256 over the description and over bytes taken evenly from every weight.
public final class Fingerprint {
    private static final int SAMPLES = 64;
    private static final int SAMPLE = 16;

    private Fingerprint() {
    }

    public static String of(ModelSpec spec, WeightSource source) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);                    // every JDK has it
        }
        digest.update(spec.toString().getBytes(StandardCharsets.UTF_8));
        for (ModelSpec.Parameter parameter : spec.parameters()) {
            boolean experts = parameter.sizes().length == 3;
            for (int expert = experts ? 0 : -1; expert < (experts ? parameter.sizes()[0] : 0); expert++) {
                WeightSource.Stored stored = source.stored(parameter.name(), expert);
                if (stored != null) {
                    sample(digest, stored.tensor());
                    continue;
                }
                try (Arena temporary = Arena.ofShared()) {
                    sample(digest, expert < 0 ? source.tensor(temporary, parameter.name()) : source.tensor(temporary, parameter.name(), expert));
                }
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static void sample(MessageDigest digest, Tensor weight) {
        long bytes = weight.bytes(), step = Math.max(SAMPLE, bytes / SAMPLES);
        digest.update((weight.toString() + ' ').getBytes(StandardCharsets.UTF_8));
        byte[] sample = new byte[SAMPLE];
        for (long at = 0; at < bytes; at += step) {
            int n = (int) Math.min(SAMPLE, bytes - at);
            MemorySegment.copy(Memory.ALL, ValueLayout.JAVA_BYTE, weight.address() + at, sample, 0, n);
            digest.update(sample, 0, n);
        }
    }
}
