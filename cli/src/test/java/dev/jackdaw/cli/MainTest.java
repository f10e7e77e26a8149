package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.DataInputStream;
import org.junit.jupiter.api.Test;

class MainTest {
    @Test
    void refusesOtherVersionsOfJava() {
        assertThat(Main.problem("17", "/jdk", false)).startsWith("this is Java 17 (/jdk), Jackdaw needs Java 25;");
        assertThat(Main.problem("1.8", "/jdk", false)).startsWith("this is Java 1.8 (/jdk), Jackdaw needs Java 25;");
        assertThat(Main.problem("26", "/jdk", true)).startsWith("this is Java 26 (/jdk)");
        assertThat(Main.problem("25", "/jdk", false)).contains("--add-modules=jdk.incubator.vector");
        assertThat(Main.problem("25", "/jdk", true)).isNull();
    }

    @Test
    void canBeReadByJava8() throws Exception {
        try (var file = new DataInputStream(Main.class.getResourceAsStream("Main.class"))) {
            assertThat(file.readInt()).isEqualTo(0xCAFEBABE);
            file.readUnsignedShort();
            assertThat(file.readUnsignedShort()).as("class file version; 52 is Java 8").isEqualTo(52);
        }
    }
}
