package dev.jackdaw.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Memory by whole pages, asked of the operating system directly: large blocks that are zero without being written, so that whoever fills them
/// first also brings them in, on large pages where the system has them; and pages of files that are given back. On systems where
/// these calls are not known, blocks come from the arena and pages of files stay until the system wants them.
public final class SystemMemory {
    private static final long PAGE = 4096;
    private static final long LARGE_PAGE = 2 << 20;
    // From the Linux headers mman.h; the same on x86-64 and arm64.
    private static final int READ_AND_WRITE = 1 | 2;
    private static final int PRIVATE_ANONYMOUS = 2 | 0x20;
    private static final int WILL_NEED = 3;
    private static final int DONT_NEED = 4;
    private static final int LARGE_PAGES = 14;
    private static final boolean IS_LINUX = System.getProperty("os.name").equals("Linux");
    private static final MemorySegment MAP = function("mmap");
    private static final MemorySegment UNMAP = function("munmap");
    private static final MemorySegment ADVISE = function("madvise");

    private SystemMemory() {
    }

    private static MemorySegment function(String name) {
        return IS_LINUX ? SystemCalls.find(name) : null;
    }

    /// Zeros, aligned to a cache line at least, until `arena` is closed.
    public static MemorySegment allocate(Arena arena, long bytes) {
        long room = bytes + (bytes < LARGE_PAGE ? 0 : LARGE_PAGE);       // to begin where a large page begins
        if (bytes < PAGE || MAP == null) {
            return arena.allocate(bytes, Memory.ALIGNMENT);
        }
        long address = SystemCalls.call(MAP, 0, room, READ_AND_WRITE, PRIVATE_ANONYMOUS, -1, 0);
        if (address == -1) {
            return arena.allocate(bytes, Memory.ALIGNMENT);          // says what it says where there is no memory
        }
        long from = bytes < LARGE_PAGE ? address : (address + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
        if (bytes >= LARGE_PAGE) {
            advise(from, bytes, LARGE_PAGES);
        }
        return MemorySegment.ofAddress(from).reinterpret(bytes, arena, _ -> SystemCalls.call(UNMAP, address, room, 0, 0, 0, 0));
    }

    /// Many blocks of memory, side by side so that small ones share large pages; all of them go with `arena`.
    public static final class Pool {
        private static final long SLAB = 32 << 20;
        private final Arena arena;
        private MemorySegment slab = MemorySegment.NULL;
        private long used;

        public Pool(Arena arena) {
            this.arena = arena;
        }

        /// Zeros, aligned to a cache line.
        public MemorySegment take(long bytes) {
            if (bytes > SLAB / 4) {
                return allocate(arena, bytes);
            }
            if (used + bytes > slab.byteSize()) {
                slab = allocate(arena, SLAB);           // what is never written takes no memory
                used = 0;
            }
            MemorySegment block = slab.asSlice(used, bytes);
            used += (bytes + Memory.ALIGNMENT - 1) / Memory.ALIGNMENT * Memory.ALIGNMENT;
            return block;
        }
    }

    /// The process keeps no page of this part of a *mapped file*; what is read again comes from the file again. Private memory would lose its
    /// numbers.
    public static void release(MemorySegment mapped) {
        whole(mapped.address(), mapped.byteSize(), DONT_NEED);
    }

    /// Asks the system to read this part of a mapped file ahead. An address, since the file may be closed meanwhile, which does no harm.
    public static void prefetch(long address, long bytes) {
        whole(address, bytes, WILL_NEED);
    }

    private static void whole(long address, long bytes, int advice) {
        long from = address / PAGE * PAGE;
        advise(from, address + bytes - from, advice);
    }

    private static void advise(long address, long bytes, int advice) {
        if (ADVISE != null) {
            SystemCalls.call(ADVISE, address, bytes, advice, 0, 0, 0);       // advice may be refused
        }
    }
}
