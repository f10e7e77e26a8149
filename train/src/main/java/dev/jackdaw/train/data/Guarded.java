package dev.jackdaw.train.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/// A stream that counts its bytes and stops when it unpacks to more than any real text does.
///
/// Text shrinks to a third, logs to a thirtieth; the most that gzip can do is 1:1032. What grows by more than [#MOST_GROWTH] after its
/// first megabytes was made to fill somebody's disk.
final class Guarded extends FilterInputStream {
    static final long MOST_GROWTH = 200;
    static final long FREE_BYTES = 16L << 20;

    /// The stream unpacked to too much.
    static final class Bomb extends IOException {
        Bomb(long packed, long unpacked) {
            super(packed + " bytes unpacked to more than " + unpacked);
        }
    }

    private final LongSupplier packed;
    private final LongConsumer listener;
    private long count;

    private Guarded(InputStream in, LongSupplier packed, LongConsumer listener) {
        super(in);
        this.packed = packed;
        this.listener = listener;
    }

    /// Only counts.
    static Guarded counting(InputStream in, LongConsumer listener) {
        return new Guarded(in, null, listener);
    }

    /// Unpacked from `source`.
    static Guarded against(InputStream unpacked, Guarded source) {
        return new Guarded(unpacked, source::count, null);
    }

    /// Unpacked from `packedBytes`.
    static Guarded against(InputStream unpacked, long packedBytes) {
        return new Guarded(unpacked, () -> packedBytes, null);
    }

    long count() {
        return count;
    }

    private void counted(long n) throws IOException {
        if (n <= 0) {
            return;
        }
        count += n;
        if (packed != null && count > FREE_BYTES && count > MOST_GROWTH * packed.getAsLong()) {
            throw new Bomb(packed.getAsLong(), count);
        }
        if (listener != null) {
            listener.accept(count);
        }
    }

    @Override
    public int read() throws IOException {
        int b = in.read();
        counted(b < 0 ? 0 : 1);
        return b;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        int n = in.read(to, offset, length);
        counted(n);
        return n;
    }

    @Override
    public long skip(long n) throws IOException {
        long skipped = in.skip(n);
        counted(skipped);
        return skipped;
    }

    @Override
    public boolean markSupported() {
        return false;
    }
}
