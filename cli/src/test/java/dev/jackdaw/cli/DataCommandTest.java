package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataCommandTest {
    @TempDir
    private Path folder;
    private Path source;

    @BeforeEach
    void write() throws Exception {
        source = Files.createDirectory(folder.resolve("in"));
        for (int i = 0; i < 30; i++) {
            Files.writeString(source.resolve("note" + i + ".md"), words(i, 60));
        }
        Files.writeString(source.resolve("again.md"), words(3, 60));
        Files.write(source.resolve("picture.txt"), new byte[500]);
    }

    /// Prose of which no two are alike.
    private static String words(int seed, int count) {
        var random = new java.util.SplittableRandom(seed);
        String[] some = {"jackdaw", "tower", "winter", "kernel", "matrix", "token", "sings", "flies", "between", "under", "and", "the", "old", "new",
            "number", "gradient", "model", "stone", "river", "language"};
        var text = new StringBuilder("# Note " + seed + "\n\n");
        for (int i = 0; i < count; i++) {
            text.append(some[random.nextInt(some.length)]).append(i % 9 == 8 ? ".\n" : " ");
        }
        return text.toString();
    }

    @Test
    void countsWhatThereIsAndWhatIsLeft() {
        Cli run = Cli.run("data", "stats", source.toString(), "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().at("/documents").asInt()).isEqualTo(30);
        assertThat(run.json().at("/exactDuplicates").asInt()).isEqualTo(1);
        assertThat(run.json().at("/trainDocuments").asInt() + run.json().at("/heldOutDocuments").asInt()).isEqualTo(30);
        assertThat(run.json().at("/kinds/0/kind").asString()).isEqualTo("markdown");
        assertThat(run.json().at("/leftOut").toString()).contains("binary");
    }

    @Test
    void printsItForPeople() {
        assertThat(Cli.run("data", "stats", source.toString()).out()).contains("kept      30 documents", "1 exact duplicates", "markdown", "not text");
    }

    @Test
    void cleansTokenizesAndCountsTokens() {
        String corpus = folder.resolve("corpus").toString();
        String tokenizer = folder.resolve("tok").toString();
        assertThat(Cli.run("data", "clean", source.toString(), "--out", corpus).exitCode()).isZero();
        assertThat(Cli.run("tokenizer", "train", source.toString(), "--out", tokenizer, "--vocab", "400").exitCode()).isZero();
        Cli run = Cli.run("data", "tokenize", corpus, "--tokenizer", tokenizer, "--out", folder.resolve("shards").toString(), "--json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.json().at("/train/documents").asInt() + run.json().at("/heldOut/documents").asInt()).isEqualTo(30);
        assertThat(run.json().at("/train/bytesPerToken").asDouble()).isGreaterThan(1.5);
        assertThat(folder.resolve("shards/train.tokens")).exists();
        var stats = Cli.run("data", "stats", source.toString(), "--tokenizer", tokenizer, "--json").json();
        assertThat(stats.at("/tokens").asLong()).isEqualTo(run.json().at("/train/tokens").asLong());
    }

    @Test
    void writesJsonLinesAndChangesNothingWhenOnlyDuplicatesGo() throws Exception {
        Path out = folder.resolve("out.jsonl");
        assertThat(Cli.run("data", "dedup", source.toString(), "--out", out.toString()).exitCode()).isZero();
        assertThat(Files.readAllLines(out)).hasSize(30).allSatisfy(line -> {
            var document = Json.read(line);
            assertThat(document.at("/split").asString()).isIn("train", "held-out");
            assertThat(document.at("/text").asString()).isEqualTo(Files.readString(source.resolve(document.at("/id").asString())));
        });
    }

    @Test
    void saysWhatIsMissing() {
        Cli none = Cli.run("data", "stats", folder.resolve("none").toString());
        assertThat(none.exitCode()).isEqualTo(1);
        assertThat(none.err()).contains("none does not exist");
        assertThat(Cli.run("data", "stats", source.toString(), "--near", "2").exitCode()).isEqualTo(2);
        assertThat(Cli.run("data", "tokenize", source.resolve("note1.md").toString(), "--tokenizer", "x", "--out", "y").exitCode()).isEqualTo(1);
    }
}
