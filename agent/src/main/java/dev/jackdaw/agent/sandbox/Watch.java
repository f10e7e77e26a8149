package dev.jackdaw.agent.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;

/// Looks at a process and everything below it, from outside, by `/proc`.
final class Watch {
    private static final int PAGE = pageBytes();
    private static final int MOST = 10_000;
    /// The machine itself is running out: whatever counts the memory, the jail is the one to go.
    private static final long LEAST_FREE = 64L << 20;

    private final long root;
    private long bytes;
    private int tasks;

    Watch(long pid) {
        root = pid;
    }

    /// Looks once.
    void look() {
        bytes = 0;
        tasks = 0;
        ArrayDeque<Long> left = new ArrayDeque<>();
        left.add(root);
        for (int seen = 0; !left.isEmpty() && seen < MOST; seen++) {
            Path process = Path.of("/proc", Long.toString(left.poll()));
            String[] sizes = read(process.resolve("statm")).split(" ");
            bytes += sizes.length > 1 ? Long.parseLong(sizes[1]) * PAGE : 0;
            try (DirectoryStream<Path> threads = Files.newDirectoryStream(process.resolve("task"))) {
                for (Path thread : threads) {
                    tasks++;
                    for (String child : read(thread.resolve("children")).strip().split(" ")) {
                        if (!child.isEmpty()) {
                            left.add(Long.parseLong(child));
                        }
                    }
                }
            } catch (IOException | RuntimeException e) {
                continue;                                  // it ended while we looked
            }
        }
    }

    /// Resident memory of all of them.
    long bytes() {
        return bytes;
    }

    /// Processes and threads, those of the jail itself included.
    int tasks() {
        return tasks;
    }

    static boolean isMachineFull() {
        for (String line : read(Path.of("/proc/meminfo")).split("\n")) {
            if (line.startsWith("MemAvailable:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) * 1024 < LEAST_FREE;
            }
        }
        return false;
    }

    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.US_ASCII);
        } catch (IOException e) {
            return "";
        }
    }

    private static int pageBytes() {
        // the kernel says it in the table that every process gets: pairs of numbers, 6 is AT_PAGESZ
        try {
            var words = java.nio.ByteBuffer.wrap(Files.readAllBytes(Path.of("/proc/self/auxv"))).order(java.nio.ByteOrder.nativeOrder());
            while (words.remaining() >= 16) {
                long type = words.getLong(), value = words.getLong();
                if (type == 6) {
                    return (int) value;
                }
            }
        } catch (IOException e) {
            return 4096;
        }
        return 4096;
    }
}
