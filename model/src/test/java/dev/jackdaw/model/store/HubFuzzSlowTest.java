package dev.jackdaw.model.store;

import org.junit.jupiter.api.Tag;

/// [HubFuzzTest] for minutes.
@Tag("slow")
class HubFuzzSlowTest extends HubFuzzTest {
    @Override
    double seconds() {
        return Double.parseDouble(System.getProperty("jackdaw.fuzz.seconds", "180"));
    }
}
