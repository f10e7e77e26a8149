package dev.jackdaw.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Training steps in a fresh JVM with the options of this one: once compiled, they leave the Java heap alone and memory does not grow.
class TrainBenchTest {
    /// Jobs for the worker threads and bookkeeping of the step: 20 to 30 KB. One kernel that is not compiled to vector instructions makes megabytes.
    private static final long BOOKKEEPING = 64 << 10;
    private static final long NO_GROWTH = 8 << 20;

    /// Layers, width, query heads, key heads, feed-forward width, vocabulary, batch, context, pass, steps, threads. Rows of one vector, rows
    /// with a tail of half a vector, and a long run.
    @ParameterizedTest
    @ValueSource(strings = {"2 64 2 2 128 512 4 64 0 1000 2", "1 96 3 1 208 512 4 48 0 700 2"})
    void stepsAllocateNothingAndMemoryDoesNotGrow(String sizes) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(option -> option.startsWith("--") || option.startsWith("-XX:Tier")).toList());
        command.addAll(List.of("-Xmn64m", "-cp", System.getProperty("java.class.path"), TrainBench.class.getName()));
        command.addAll(List.of(sizes.split(" ")));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(number("heapBytesPerStep", output)).as(output).isBetween(1L, BOOKKEEPING);
        assertThat(number("grownBytes", output)).as(output).isLessThan(NO_GROWTH);
    }

    private static long number(String name, String output) {
        Matcher matcher = Pattern.compile(name + "=(-?\\d+)").matcher(output);
        assertThat(matcher.find()).as(output).isTrue();
        return Long.parseLong(matcher.group(1));
    }
}
