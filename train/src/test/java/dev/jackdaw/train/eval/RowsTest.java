package dev.jackdaw.train.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowsTest {
    @TempDir
    private Path folder;

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    @Test
    void readsLinesOfJson() throws IOException {
        Rows rows = Rows.read(file("a.jsonl", "{\"q\": \"one\", \"n\": 1}\n\n{\"q\": \"zwölf\", \"list\": [true, null]}"), null, null);
        assertThat(rows.rows()).hasSize(2);
        assertThat(rows.rows().getFirst().fields()).isEqualTo(Map.of("q", "one", "n", 1));
        assertThat(rows.rows().get(1).place()).isEqualTo("a.jsonl, line 3");
        assertThat(rows.rows().get(1).file()).isEqualTo("a");
    }

    @Test
    void namesTheWrongLine() throws IOException {
        Path broken = file("b.jsonl", "{\"q\": 1}\n{\"q\": \n"), other = file("c.jsonl", "{}\n[1]\n"), json = file("d.json", "[\n{},\n{\"x\": }\n]");
        assertThatThrownBy(() -> Rows.read(broken, null, null)).hasMessageContaining("b.jsonl, line 2: not valid JSON");
        assertThatThrownBy(() -> Rows.read(other, null, null)).hasMessageContaining("c.jsonl, line 2: expected an object");
        assertThatThrownBy(() -> Rows.read(json, null, null)).hasMessageContaining("d.json, line 3: not valid JSON");
        Path csv = file("e.csv", "a,b\n1,2\n3\n");
        assertThatThrownBy(() -> Rows.read(csv, null, null)).hasMessageContaining("e.csv, line 3: 1 fields, expected 2: a, b");
        Path open = file("f.csv", "a,b\n1,\"2\n3,4\n");
        assertThatThrownBy(() -> Rows.read(open, null, null)).hasMessageContaining("f.csv, line 2: a quoted field does not end");
        Path unknown = file("g.txt", "x"), empty = file("h.jsonl", "\n");
        assertThatThrownBy(() -> Rows.read(unknown, null, null)).hasMessageContaining("give format: jsonl, json, csv");
        assertThatThrownBy(() -> Rows.read(empty, null, null)).hasMessageContaining("has no rows");
    }

    @Test
    void readsJsonArraysAlsoInsideAnObject() throws IOException {
        assertThat(Rows.read(file("a.json", "[{\"q\": 1}, {\"q\": 2}]"), null, null).rows()).hasSize(2);
        assertThat(Rows.read(file("b.json", "{\"version\": 1, \"data\": [{\"q\": 1}]}"), null, null).rows()).hasSize(1);
        Path none = file("c.json", "{\"q\": 1}");
        assertThatThrownBy(() -> Rows.read(none, null, null)).hasMessageContaining("expected an array of objects");
    }

    @Test
    void readsCommasQuotesAndLineEndsInCsv() throws IOException {
        Rows rows = Rows.read(file("a.csv", "\uFEFFq,a\r\n\"one, \"\"two\"\"\nthree\",x\r\ny,\n\n\"\",z"), null, null);
        assertThat(rows.rows().stream().map(Rows.Row::fields)).containsExactly(Map.of("q", "one, \"two\"\nthree", "a", "x"), Map.of("q", "y", "a", ""), Map.of("q", "", "a", "z"));
        assertThat(rows.rows().get(1).place()).isEqualTo("a.csv, line 4");
        assertThat(Rows.read(file("b.csv", "1,2\n3,4\n"), null, List.of("q", "a")).rows()).hasSize(2);
    }

    @Test
    void unpacksAndReadsFolders() throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write("{\"q\": 1}\n".getBytes(StandardCharsets.UTF_8));
        }
        Path inner = Files.createDirectory(folder.resolve("inner"));
        Files.write(inner.resolve("b.jsonl.gz"), packed.toByteArray());
        Files.writeString(inner.resolve("a_test.csv"), "q\n5\n");
        Files.writeString(inner.resolve("notes.txt"), "no data");
        Rows rows = Rows.read(inner, null, null);
        assertThat(rows.rows().stream().map(row -> row.file() + " " + row.fields().get("q"))).containsExactly("a_test 5", "b 1");
        Path broken = file("x.jsonl.gz", "not packed");
        assertThatThrownBy(() -> Rows.read(broken, null, null)).hasMessageContaining("cannot be unpacked");
        assertThat(rows.fingerprint()).isEqualTo(Rows.read(inner, null, null).fingerprint()).hasSize(64);
    }
}
