package dev.jackdaw.train.report;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/// Where a run took place; the object `machine` in `run.json`.
///
/// @param cpu         the processor's own name
/// @param processors  logical processors the JVM may use
/// @param threads     threads the run used
/// @param memoryBytes of the machine; 0 if unknown
/// @param peakGflops  measured limit of float32 multiply-adds with those threads; 0 if not measured
public record Machine(String cpu, int processors, int threads, long memoryBytes, String jdk, String system, double peakGflops) {
    /// Describes this machine as far as the JVM and Linux tell.
    public static Machine here(int threads, double peakGflops) {
        String cpu = procValue("/proc/cpuinfo", "model name", System.getProperty("os.arch"));
        String memory = procValue("/proc/meminfo", "MemTotal", "0").replaceAll("[^0-9]", "");
        return new Machine(cpu, Runtime.getRuntime().availableProcessors(), threads, memory.isEmpty() ? 0 : Long.parseLong(memory) * 1024,
                System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version"),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch"), peakGflops);
    }

    /// The value of the first line `key : value` of a file below `/proc`.
    private static String procValue(String file, String key, String otherwise) {
        try (Stream<String> lines = Files.lines(Path.of(file))) {
            return lines.filter(l -> l.startsWith(key) && l.indexOf(':') > 0).map(l -> l.substring(l.indexOf(':') + 1).strip()).findFirst().orElse(otherwise);
        } catch (IOException | RuntimeException e) {
            return otherwise;      // not Linux
        }
    }
}
