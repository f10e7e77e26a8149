package dev.jackdaw.tensor.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AllocationTest {
    /// In this JVM, after whatever other tests have run.
    @Test
    void compiledKernelsAllocateNothing() {
        AllocationProbe probe = new AllocationProbe();
        List<String> allocating = new ArrayList<>();
        for (String name : probe.names()) {
            double bytes = probe.bytesPerCall(name);
            if (bytes > AllocationProbe.ONE_VECTOR) {
                allocating.add(name + ": " + bytes + " bytes a call");
            }
        }
        assertThat(allocating).isEmpty();
    }

    @Tag("slow")
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void norInFreshJvmsThatMeetTheKernelsInAnotherOrder(long seed) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-XX:Tier3DelayOn=1000000",
                "-Djackdaw.vectorBits=" + dev.jackdaw.tensor.Switches.VECTOR_BITS,
                "-cp", System.getProperty("java.class.path"), AllocationProbe.class.getName(), "" + seed)
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).as("seed %d", seed).isEmpty();
    }
}
