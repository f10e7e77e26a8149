package dev.jackdaw.model.arch;

import dev.jackdaw.model.arch.PagePool.Page;
import dev.jackdaw.model.format.AtomicFile;
import dev.jackdaw.model.format.FormatException;
import dev.jackdaw.tensor.Memory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/// Saves what a model has read, so that another process can go on where this one stopped, with the same bits.
///
/// ```
/// magic "JDWPAGES" · version · bytes of a page · number of pages · length and text of the model's fingerprint
/// for each page: index of the page before it (-1: none) · number of tokens · tokens[64] · CRC-32C of the page
/// CRC-32C of all of the above · zeros up to a multiple of 64
/// the pages
/// ```
///
/// All numbers are little-endian 32-bit integers but the bytes of a page, which are 64-bit. Written aside, forced to disk and renamed; every
/// bit is under a checksum, and a file of another model is refused. Texts with a variant (adapters), or that outgrew a model's first context,
/// are not saved.
public final class CacheFile {
    private static final byte[] MAGIC = "JDWPAGES".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int HEADER = 8 + 4 + 8 + 4 + 4;
    private static final int ENTRY = 4 * (2 + PageLayout.POSITIONS + 1);
    private static final int LONGEST_FINGERPRINT = 4096;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private record Entry(int parent, int[] ids, Page page) {
    }

    private CacheFile() {
    }

    /// Saves one text.
    ///
    /// @param fingerprint of the model and of everything else that decides the bits of its keys
    public static void save(Path file, KvCache cache, String fingerprint) throws IOException {
        if (cache.isLongText()) {
            throw new IllegalArgumentException("save " + file + ": the text is longer than the context this model was first made for; such texts are not saved");
        }
        if (!cache.adapters().isEmpty()) {
            throw new IllegalArgumentException("save " + file + ": the text was read with " + cache.adapters() + "; only texts of the bare model are saved");
        }
        int[] tokens = cache.tokens();
        List<Entry> entries = new ArrayList<>();
        for (int from = 0; from < tokens.length; from += PageLayout.POSITIONS) {
            entries.add(new Entry(entries.size() - 1, java.util.Arrays.copyOfRange(tokens, from, Math.min(tokens.length, from + PageLayout.POSITIONS)), cache.page(entries.size())));
        }
        write(file, entries, cache.pool().layout(), fingerprint);
    }

    /// Saves all texts of a tree as it is now; it may go on changing meanwhile.
    public static void save(Path file, PrefixTree tree, PagePool pool, String fingerprint) throws IOException {
        List<Entry> entries = new ArrayList<>();
        Map<PrefixTree.Node, Integer> places = new IdentityHashMap<>();
        synchronized (pool) {
            for (PrefixTree.Node node : tree.ordered()) {
                places.put(node, entries.size());
                entries.add(new Entry(places.getOrDefault(node.parent, -1), node.ids(), pool.hold(node.page)));
            }
        }
        try {
            write(file, entries, pool.layout(), fingerprint);
        } finally {
            entries.forEach(entry -> pool.letGo(entry.page));
        }
    }

    private static void write(Path file, List<Entry> entries, PageLayout layout, String fingerprint) throws IOException {
        byte[] model = fingerprint.getBytes(StandardCharsets.UTF_8);
        if (model.length > LONGEST_FINGERPRINT) {
            throw new IllegalArgumentException("save " + file + ": the fingerprint has " + model.length + " bytes; at most " + LONGEST_FINGERPRINT + " are kept");
        }
        MemorySegment head = MemorySegment.ofArray(new byte[Math.toIntExact(headBytes(model.length, entries.size()))]);
        MemorySegment.copy(MAGIC, 0, head, ValueLayout.JAVA_BYTE, 0, MAGIC.length);
        head.set(INT, 8, VERSION);
        head.set(LONG, 12, layout.bytes());
        head.set(INT, 20, entries.size());
        head.set(INT, 24, model.length);
        MemorySegment.copy(model, 0, head, ValueLayout.JAVA_BYTE, HEADER, model.length);
        long at = HEADER + model.length;
        for (Entry entry : entries) {
            head.set(INT, at, entry.parent);
            head.set(INT, at + 4, entry.ids.length);
            MemorySegment.copy(entry.ids, 0, head, INT, at + 8, entry.ids.length);
            head.set(INT, at + ENTRY - 4, checksum(segment(entry.page, layout)));
            at += ENTRY;
        }
        head.set(INT, at, checksum(head.asSlice(0, at)));
        AtomicFile.write(file, out -> {
            out.put(head).align(Memory.ALIGNMENT);
            for (Entry entry : entries) {
                out.put(segment(entry.page, layout));
            }
        });
    }

    /// Reads one text into an empty cache; the number of positions.
    public static int restore(Path file, KvCache cache, String fingerprint) throws IOException {
        PagePool pool = cache.pool();
        List<Entry> entries = new ArrayList<>();
        try {
            read(file, pool, fingerprint, entries);
            int length = 0;
            for (int i = 0; i < entries.size(); i++) {
                if (entries.get(i).parent != i - 1 || i > 0 && entries.get(i - 1).ids.length < PageLayout.POSITIONS) {
                    throw new FormatException(file, -1, "holds several texts; one is expected here");
                }
                length += entries.get(i).ids.length;
            }
            if (cache.length() > 0 || length > cache.capacity()) {
                throw new IllegalArgumentException("restore " + file + ": " + length + " positions do not fit a cache that holds " + cache.length() + " of " + cache.capacity());
            }
            int[] tokens = entries.stream().flatMapToInt(entry -> java.util.Arrays.stream(entry.ids)).toArray();
            cache.begin(entries.stream().map(Entry::page).toArray(Page[]::new), tokens, length);
            return length;
        } finally {
            entries.forEach(entry -> pool.letGo(entry.page));
        }
    }

    /// Adds saved texts to a tree; the number of pages. As many as the pool may hold.
    public static int restore(Path file, PrefixTree tree, PagePool pool, String fingerprint) throws IOException {
        List<Entry> entries = new ArrayList<>();
        List<PrefixTree.Node> nodes = new ArrayList<>();
        try {
            read(file, pool, fingerprint, entries);
            for (Entry entry : entries) {
                pool.hold(entry.page);
                nodes.add(tree.restore(entry.parent < 0 ? null : nodes.get(entry.parent), entry.ids, entry.page));
            }
            return nodes.size();
        } finally {
            entries.forEach(entry -> pool.letGo(entry.page));
        }
    }

    /// Adds the pages of the file to `entries`, which holds those read so far if anything fails.
    private static void read(Path file, PagePool pool, String fingerprint, List<Entry> entries) throws IOException {
        PageLayout layout = pool.layout();
        try (Arena arena = Arena.ofConfined(); FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            if (size < HEADER + 4) {
                throw new FormatException(file, 0, "a saved cache has at least " + (HEADER + 4) + " bytes, found " + size);
            }
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
            if (!java.util.Arrays.equals(bytes.asSlice(0, 8).toArray(ValueLayout.JAVA_BYTE), MAGIC) || bytes.get(INT, 8) != VERSION) {
                throw new FormatException(file, 0, "is not a saved cache of version " + VERSION);
            }
            int count = bytes.get(INT, 20), named = bytes.get(INT, 24);
            if (count < 0 || named < 0 || named > LONGEST_FINGERPRINT || headBytes(named, count) > size) {
                throw new FormatException(file, 20, count + " pages and a fingerprint of " + named + " bytes do not fit into " + size + " bytes; the file is damaged");
            }
            long end = headBytes(named, count) - 4;
            if (bytes.get(INT, end) != checksum(bytes.asSlice(0, end))) {
                throw new FormatException(file, end, "the checksum of the header is wrong; the file is damaged, delete it");
            }
            String model = new String(bytes.asSlice(HEADER, named).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
            if (!model.equals(fingerprint) || bytes.get(LONG, 12) != layout.bytes()) {
                throw new FormatException(file, -1, "was saved by another model, or with other settings: " + model + ", pages of " + bytes.get(LONG, 12)
                        + " bytes; expected " + fingerprint + ", pages of " + layout.bytes() + " bytes");
            }
            long data = (end + 4 + Memory.ALIGNMENT - 1) / Memory.ALIGNMENT * Memory.ALIGNMENT;
            if (size != data + count * layout.bytes()) {
                throw new FormatException(file, data, count + " pages of " + layout.bytes() + " bytes should follow, found " + (size - data) + " bytes; the file is damaged");
            }
            if (bytes.asSlice(end + 4, data - end - 4).mismatch(MemorySegment.ofArray(new byte[Math.toIntExact(data - end - 4)])) >= 0) {
                throw new FormatException(file, end + 4, "zeros are expected between the header and the pages; the file is damaged, delete it");
            }
            for (int i = 0; i < count; i++) {
                entries.add(entry(file, bytes, HEADER + named + (long) i * ENTRY, data + i * layout.bytes(), i, pool));
            }
        }
    }

    private static Entry entry(Path file, MemorySegment bytes, long at, long data, int index, PagePool pool) {
        int parent = bytes.get(INT, at), count = bytes.get(INT, at + 4);
        if (parent < -1 || parent >= index || count < 1 || count > PageLayout.POSITIONS) {
            throw new FormatException(file, at, "page " + index + " follows page " + parent + " and has " + count + " tokens; expected an earlier page and 1 to " + PageLayout.POSITIONS);
        }
        MemorySegment from = bytes.asSlice(data, pool.layout().bytes());
        if (bytes.get(INT, at + ENTRY - 4) != checksum(from)) {
            throw new FormatException(file, data, "the checksum of page " + index + " is wrong; the file is damaged, delete it");
        }
        Page page = pool.take();
        Memory.ALL.asSlice(page.address(), pool.layout().bytes()).copyFrom(from);
        return new Entry(parent, bytes.asSlice(at + 8, 4L * count).toArray(INT), page);
    }

    private static long headBytes(int fingerprint, int pages) {
        return HEADER + (long) fingerprint + (long) pages * ENTRY + 4;
    }

    private static MemorySegment segment(Page page, PageLayout layout) {
        return Memory.ALL.asSlice(page.address(), layout.bytes());
    }

    private static int checksum(MemorySegment bytes) {
        CRC32C crc = new CRC32C();
        for (long from = 0; from < bytes.byteSize(); from += 1 << 30) {
            crc.update(bytes.asSlice(from, Math.min(1 << 30, bytes.byteSize() - from)).asByteBuffer());
        }
        return (int) crc.getValue();
    }
}
