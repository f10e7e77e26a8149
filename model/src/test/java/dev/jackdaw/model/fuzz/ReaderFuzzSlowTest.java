package dev.jackdaw.model.fuzz;

import org.junit.jupiter.api.Tag;

/// [ReaderFuzzTest] for minutes.
@Tag("slow")
class ReaderFuzzSlowTest extends ReaderFuzzTest {
    @Override
    double seconds() {
        return Double.parseDouble(System.getProperty("jackdaw.fuzz.seconds", "180"));
    }
}
