package dev.jackdaw.train.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetricsTest {
    @TempDir
    Path directory;
    Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("metrics.jsonl");
    }

    static StepMetrics step(long step) {
        return new StepMetrics(step, step * 4096, step * 0.5, 5.0 / step, Double.NaN, 1e-3, 0.7, 8192.25, 123.5);
    }

    @Test
    void keepsWhatOnlySomeTrainingsHave() throws IOException {
        Path file = directory.resolve("more.jsonl");
        StepMetrics pairs = new StepMetrics(1, 10, 1, 0.6, Double.NaN, 1e-4, 2, 100, 3, java.util.Map.of("margin", 0.25, "accuracy", 0.75));
        try (Metrics metrics = Metrics.create(file)) {
            metrics.append(pairs);
        }
        assertThat(Files.readString(file)).contains("\"accuracy\":0.75,\"margin\":0.25");
        assertThat(Metrics.read(file)).containsExactly(pairs);
    }

    @Test
    void readsBackWhatWasAppended() throws IOException {
        List<StepMetrics> steps = List.of(step(1), step(2).withHeldOutBitsPerByte(1.25), step(3));
        try (Metrics metrics = Metrics.create(file)) {
            for (StepMetrics step : steps) {
                metrics.append(step);
            }
        }
        assertThat(Metrics.read(file)).isEqualTo(steps);
    }

    @Test
    void linesHaveTheNamesThatScriptsRelyOn() throws IOException {
        try (Metrics metrics = Metrics.create(file)) {
            metrics.append(step(1));
            metrics.append(step(2).withHeldOutBitsPerByte(1.25));
        }
        assertThat(Files.readAllLines(file)).containsExactly(
                "{\"step\":1,\"tokens\":4096,\"seconds\":0.5,\"trainLoss\":5.0,\"learningRate\":0.001,\"gradientNorm\":0.7,\"tokensPerSecond\":8192.25,\"gflops\":123.5}",
                "{\"step\":2,\"tokens\":8192,\"seconds\":1.0,\"trainLoss\":2.5,\"heldOutBitsPerByte\":1.25,\"learningRate\":0.001,\"gradientNorm\":0.7,"
                        + "\"tokensPerSecond\":8192.25,\"gflops\":123.5}");
    }

    @Test
    void everyLineIsInTheFileBeforeAppendReturns() throws IOException {
        try (Metrics metrics = Metrics.create(file)) {
            metrics.append(step(1));
            assertThat(Metrics.read(file)).hasSize(1);
            metrics.append(step(2));
            assertThat(Metrics.read(file)).hasSize(2);
        }
    }

    @Test
    void keepsNotANumberThroughTheFile() throws IOException {
        StepMetrics diverged = new StepMetrics(1, 1, 1, Double.NaN, Double.NaN, 1, Double.POSITIVE_INFINITY, 1, 1);
        try (Metrics metrics = Metrics.create(file)) {
            metrics.append(diverged);
        }
        StepMetrics read = Metrics.read(file).getFirst();
        assertThat(read.trainLoss()).isNaN();
        assertThat(read.gradientNorm()).isNaN();
        assertThat(Files.readString(file)).contains("\"trainLoss\":null");
    }

    @Test
    void passesOverATornLastLine() throws IOException {
        writeSteps(3);
        Files.writeString(file, "{\"step\":4,\"tok", StandardOpenOption.APPEND);
        assertThat(Metrics.read(file)).extracting(StepMetrics::step).containsExactly(1L, 2L, 3L);
    }

    @Test
    void resumingCutsLaterStepsAndTheTornLine() throws IOException {
        writeSteps(5);
        Files.writeString(file, "{\"step\":6,", StandardOpenOption.APPEND);
        try (Metrics metrics = Metrics.resume(file, 3)) {
            metrics.append(step(4));
        }
        assertThat(Metrics.read(file)).containsExactly(step(1), step(2), step(3), step(4));
        assertThat(Files.readString(file)).endsWith("}\n").hasLineCount(4);
    }

    @Test
    void resumingBehindTheLastStepOnlyDropsTheTornLine() throws IOException {
        writeSteps(2);
        Files.write(file, new byte[]{'{', 0, 0, 0, '\n'}, StandardOpenOption.APPEND);      // a block that never reached the disk reads as zeros
        try (Metrics metrics = Metrics.resume(file, 100)) {
            metrics.append(step(3));
        }
        assertThat(Metrics.read(file)).containsExactly(step(1), step(2), step(3));
    }

    @Test
    void everyCutOfTheFileIsReadableAndResumable() throws IOException {
        writeSteps(3);
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length <= whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            int complete = Metrics.read(file).size();
            try (Metrics metrics = Metrics.resume(file, 2)) {
                metrics.append(step(9));
            }
            assertThat(Metrics.read(file)).as("cut at byte %d", length).hasSize(Math.min(2, complete) + 1);
        }
    }

    @Test
    void resumingWithoutAFileStartsOne() throws IOException {
        try (Metrics metrics = Metrics.resume(file, 10)) {
            metrics.append(step(11));
        }
        assertThat(Metrics.read(file)).containsExactly(step(11));
    }

    @Test
    void aBrokenLineInTheMiddleIsAnErrorWithItsNumber() throws IOException {
        writeSteps(2);
        String text = Files.readString(file);
        Files.writeString(file, text.substring(0, text.indexOf('\n') + 1) + "rubbish\n" + text);
        assertThatThrownBy(() -> Metrics.read(file)).isInstanceOf(IOException.class).hasMessageContaining("line 2").hasMessageContaining("metrics.jsonl");
    }

    private void writeSteps(int count) throws IOException {
        try (Metrics metrics = Metrics.create(file)) {
            for (int i = 1; i <= count; i++) {
                metrics.append(step(i));
            }
        }
    }
}
