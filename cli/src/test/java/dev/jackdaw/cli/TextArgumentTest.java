package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextArgumentTest {
    @TempDir
    private Path folder;

    @Test
    void readsStandardInputFilesAndItself() throws Exception {
        Path file = Files.writeString(folder.resolve("a.txt"), "from a file\n");
        var in = new ByteArrayInputStream("from input é".getBytes(StandardCharsets.UTF_8));
        assertThat(TextArgument.read("-", in)).isEqualTo("from input é");
        assertThat(TextArgument.read("@" + file, in)).isEqualTo("from a file\n");
        assertThat(TextArgument.read("@@Override", in)).isEqualTo("@Override");
        assertThat(TextArgument.read("@", in)).isEqualTo("@");
        assertThat(TextArgument.read("cat sat on a", in)).isEqualTo("cat sat on a");
    }

    @Test
    void aMissingFileIsNamed() {
        assertThatThrownBy(() -> TextArgument.read("@" + folder.resolve("nothing"), InputStream.nullInputStream()))
                .satisfies(thrown -> assertThat(Failures.message(thrown)).isEqualTo("no such file: " + folder.resolve("nothing")));
    }

    @Test
    void bytesThatAreNotTextAreReplaced() {
        var in = new ByteArrayInputStream(new byte[] {'a', (byte) 0xff, 'b'});
        assertThat(TextArgument.read("-", in)).isEqualTo("a\uFFFDb");
    }
}
