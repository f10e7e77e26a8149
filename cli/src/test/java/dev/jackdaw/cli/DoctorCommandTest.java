package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DoctorCommandTest {
    @Test
    void saysWhatKernelsRunHere() {
        var json = Cli.run("doctor", "--quick", "--json").json();
        assertThat(json.at("/vectors/kernels").asString()).isEqualTo("simd");
        assertThat(json.at("/vectors/machineBits").asInt()).isIn(128, 256, 512);
        assertThat(json.at("/jdk/version").asString()).startsWith("25");
        assertThat(json.at("/memory/availableBytes").asLong()).isPositive().isLessThanOrEqualTo(json.at("/memory/totalBytes").asLong());
        assertThat(json.at("/problems").isArray()).isTrue();
    }

    @Test
    void printsTheSameForPeople() {
        Cli run = Cli.run("doctor", "--quick", "--threads", "3");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).contains("java ", "processor ", "kernels ", "3 threads", "memory ", "disk ");
    }
}
