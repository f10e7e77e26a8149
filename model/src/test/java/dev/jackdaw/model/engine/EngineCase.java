package dev.jackdaw.model.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.PagePool;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/// A small model, and what tests of engines ask of it.
@Timeout(60)
abstract class EngineCase {
    static final long MEGABYTES = 1 << 20;
    static final Engine.Settings SETTINGS = new Engine.Settings(8, 64, 64 * MEGABYTES, 32 * MEGABYTES, 64, 32, 60_000);

    Device device;
    Model model;

    @BeforeEach
    void open() throws IOException {
        device = Device.cpu(2);
        model = Model.open(Path.of("src/test/resources/reference/models/qwen3"), device);
    }

    @AfterEach
    void close() {
        model.close();
        device.close();
    }

    Engine engine(Engine.Settings settings) {
        return Engine.of(model, settings);
    }

    long pageBytes() {
        return new PagePool(model.spec()).pageBytes();
    }

    static int[] text(int length, int seed) {
        int[] ids = new int[length];
        for (int i = 0; i < length; i++) {
            ids[i] = (i * 37 + seed * 101 + 11) % 600;
        }
        return ids;
    }

    static Request greedy(int[] prompt, int tokens) {
        return Request.of(prompt, tokens, Sampling.greedy(), _ -> false);
    }

    static void waitFor(BooleanSupplier condition) throws InterruptedException {
        for (int i = 0; i < 3000 && !condition.getAsBoolean(); i++) {
            Thread.sleep(5);
        }
        assertThat(condition.getAsBoolean()).isTrue();
    }
}
