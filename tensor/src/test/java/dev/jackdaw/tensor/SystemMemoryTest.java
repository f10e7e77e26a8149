package dev.jackdaw.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemMemoryTest {
    @Test
    void blocksOfAnySizeAreZeroAlignedAndApart() {
        try (Arena arena = Arena.ofShared()) {
            SystemMemory.Pool pool = new SystemMemory.Pool(arena);
            List<MemorySegment> blocks = new ArrayList<>();
            for (long bytes : new long[] {1, 64, 100, 4096, 5000, 1 << 20, 9 << 20, 7 << 20, 8 << 20, 8 << 20, 8 << 20, 33 << 20, 1}) {
                MemorySegment block = pool.take(bytes);
                assertThat(block.byteSize()).isEqualTo(bytes);
                assertThat(block.address() % Memory.ALIGNMENT).isZero();
                assertThat(block.get(java.lang.foreign.ValueLayout.JAVA_BYTE, bytes - 1)).isZero();
                block.fill((byte) (blocks.size() + 1));
                blocks.add(block);
            }
            for (int i = 0; i < blocks.size(); i++) {
                MemorySegment block = blocks.get(i);
                for (long at = 0; at < block.byteSize(); at += Math.max(1, block.byteSize() / 7)) {
                    assertThat(block.get(java.lang.foreign.ValueLayout.JAVA_BYTE, at)).as("block %d at %d", i, at).isEqualTo((byte) (i + 1));
                }
            }
        }
    }

    @Test
    void memoryGoesWithItsArena() {
        long before = Machine.residentBytes();
        for (int i = 0; i < 40; i++) {
            try (Arena arena = Arena.ofShared()) {
                SystemMemory.allocate(arena, 20 << 20).fill((byte) 1);
            }
        }
        if (before > 0) {                                                // 800 MB were written in turn
            assertThat(Machine.residentBytes() - before).isLessThan(400L << 20);
        }
    }

    @Test
    void aReleasedFileIsReadAgain(@TempDir Path folder) throws IOException {
        byte[] bytes = new byte[100_000];
        new java.util.Random(3).nextBytes(bytes);
        Path file = Files.write(folder.resolve("bytes"), bytes);
        try (Arena arena = Arena.ofShared(); FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes.length, arena);
            assertThat(mapped.mismatch(MemorySegment.ofArray(bytes))).isEqualTo(-1);
            SystemMemory.release(mapped);
            SystemMemory.prefetch(mapped.address(), mapped.byteSize());
            assertThat(mapped.mismatch(MemorySegment.ofArray(bytes))).isEqualTo(-1);
        }
    }
}
