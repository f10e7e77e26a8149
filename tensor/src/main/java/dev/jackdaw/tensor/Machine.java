package dev.jackdaw.tensor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What the operating system says about this process and this machine. Where it says nothing (no `/proc`), the answer is −1.
public final class Machine {
    private Machine() {
    }

    /// The most memory this process ever had resident.
    public static long peakResidentBytes() {
        return kilobytes(Path.of("/proc/self/status"), "VmHWM:");
    }

    public static long residentBytes() {
        return kilobytes(Path.of("/proc/self/status"), "VmRSS:");
    }

    /// Memory that can be had without swapping.
    public static long availableBytes() {
        return kilobytes(Path.of("/proc/meminfo"), "MemAvailable:");
    }

    /// The processor's name.
    public static String processor() {
        try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name")).map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst().orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }

    private static long kilobytes(Path file, String key) {
        try (var lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(key)).mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024).findFirst().orElse(-1);
        } catch (IOException e) {
            return -1;
        }
    }
}
