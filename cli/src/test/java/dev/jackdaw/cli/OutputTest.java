package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.OutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OutputTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private Output output(boolean json, boolean colour) {
        return new Output(new PrintWriter(out), new PrintWriter(err), json, colour);
    }

    record Pair(String name, Integer size) {
    }

    @Test
    void withJsonOnlyJsonReachesStandardOutput() {
        Output output = output(true, false);
        output.line("for people");
        output.text("piece");
        output.table(List.of("a"), List.of(List.of("1")));
        output.note("beside");
        output.json(new Pair("é\"\n", 3));
        assertThat(out.toString()).isEqualTo("{\"name\":\"é\\\"\\n\",\"size\":3}" + System.lineSeparator());
        assertThat(err.toString()).isEqualTo("beside" + System.lineSeparator());
    }

    @Test
    void withoutJsonOnlyTextReachesStandardOutput() {
        Output output = output(false, false);
        output.json(Map.of("a", 1));
        output.line("%.2f", 1.5);
        assertThat(out.toString()).isEqualTo("1.50" + System.lineSeparator());
    }

    @Test
    void leavesOutWhatIsNull() {
        assertThat(Json.write(new Pair("x", null))).isEqualTo("{\"name\":\"x\"}");
    }

    @Test
    void alignsTables() {
        output(false, false).table(List.of("name", "size"), List.of(List.of("a", "1"), List.of("long name", "1024")));
        assertThat(out.toString().lines()).containsExactly("name       size", "a             1", "long name  1024");
    }

    @Test
    void coloursOnlyWhereItIsWanted() {
        assertThat(output(false, true).good("ok")).isEqualTo("\u001b[32mok\u001b[0m");
        assertThat(output(false, false).good("ok")).isEqualTo("ok");
    }

    @Test
    void stopsWhenTheReaderHasLeft() {
        var closed = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        var output = new Output(new PrintWriter(closed), new PrintWriter(err), false, false);
        assertThatThrownBy(() -> output.line("text")).isInstanceOf(Output.ReaderLeft.class);
    }
}
