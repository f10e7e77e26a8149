package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerCommandTest {
    @TempDir
    private static Path folder;
    private static String tokenizer;
    private static Cli training;

    @BeforeAll
    static void train() throws Exception {
        var text = new StringBuilder();
        for (int i = 0; i < 300; i++) {
            text.append("The jackdaw sat on a wall, and the other jackdaw sat on a cat. Number ").append(i % 7).append(".\n");
        }
        Path source = Files.writeString(folder.resolve("text.txt"), text);
        tokenizer = folder.resolve("tok").toString();
        training = Cli.run("tokenizer", "train", source.toString(), "--out", tokenizer, "--vocab", "320", "--json", "--threads", "2");
    }

    @Test
    void learnsFromFilesAndSaysWhat() {
        assertThat(training.exitCode()).as(training.err()).isZero();
        assertThat(training.json().at("/vocabulary").asInt()).isLessThanOrEqualTo(320).isGreaterThan(279);
        assertThat(training.json().at("/bytes").asLong()).isGreaterThan(20_000);
        assertThat(Path.of(tokenizer, "tokenizer.json")).exists();
        assertThat(Path.of(tokenizer, "tokenizer_config.json")).exists();
    }

    @Test
    void encodesAndDecodesText() {
        var encoded = Cli.run("tokenizer", "encode", tokenizer, " jackdaw", "--json").json();
        assertThat(encoded.at("/tokens").toString()).isEqualTo("[\"Ġjackdaw\"]");
        String id = encoded.at("/ids/0").toString();
        assertThat(Cli.run("tokenizer", "decode", tokenizer, id + "," + id, id).out()).isEqualTo(" jackdaw jackdaw jackdaw" + System.lineSeparator());
    }

    @Test
    void readsTextFromStandardInput() {
        assertThat(Cli.runWithInput(" jackdaw", "tokenizer", "encode", tokenizer, "-", "--json").json().at("/tokens").toString())
                .isEqualTo("[\"Ġjackdaw\"]");
    }

    @Test
    void specialTokensAreTextUnlessAskedFor() {
        assertThat(Cli.run("tokenizer", "encode", tokenizer, "<|im_end|>", "--json").json().at("/ids").size()).isGreaterThan(1);
        assertThat(Cli.run("tokenizer", "encode", tokenizer, "<|im_end|>", "--parse-special", "--json").json().at("/tokens").toString())
                .isEqualTo("[\"<|im_end|>\"]");
        assertThat(Cli.run("tokenizer", "encode", tokenizer, "a", "--add-special", "--json").json().at("/tokens").toString())
                .isEqualTo("[\"<|endoftext|>\",\"a\"]");
    }

    @Test
    void answersJsonLinesWithOneLineEach() {
        Cli run = Cli.runWithInput("""
                {"text": "a"}

                {"text": "<|im_end|>", "parseSpecial": true}
                {"text": "b", "addSpecial": true}
                """, "tokenizer", "encode", tokenizer, "--jsonl", "-");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out().lines().map(line -> Json.read(line).at("/tokens").toString()))
                .containsExactly("[\"a\"]", "[\"<|im_end|>\"]", "[\"<|endoftext|>\",\"b\"]");
        String back = Cli.runWithInput(run.out(), "tokenizer", "decode", tokenizer, "--jsonl", "-").out();
        assertThat(back.lines().map(line -> Json.read(line).at("/text").asString())).containsExactly("a", "<|im_end|>", "<|endoftext|>b");
    }

    @Test
    void namesTheLineThatIsWrong() {
        Cli run = Cli.runWithInput("{\"text\": \"a\"}\n{\"txt\": \"b\"}\n", "tokenizer", "encode", tokenizer, "--jsonl", "-");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out().lines()).hasSize(1);
        assertThat(run.err()).startsWith("jackdaw: standard input, line 2: expected a text in \"text\", found nothing");
        assertThat(Cli.runWithInput("{\"text\": ", "tokenizer", "encode", tokenizer, "--jsonl", "-").err()).contains("line 1: not valid JSON");
        assertThat(Cli.runWithInput("{\"ids\": [1, \"x\"]}", "tokenizer", "decode", tokenizer, "--jsonl", "-").err()).contains("line 1: expected whole numbers");
    }

    @Test
    void refusesIdsThatDoNotExist() {
        Cli run = Cli.run("tokenizer", "decode", tokenizer, "99999");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("id 99999 is not in the vocabulary; ids go from 0 to ");
    }

    @Test
    void wantsEitherTextOrLines() {
        assertThat(Cli.run("tokenizer", "encode", tokenizer).exitCode()).isEqualTo(2);
        assertThat(Cli.run("tokenizer", "encode", tokenizer, "a", "--jsonl", "-").exitCode()).isEqualTo(2);
    }

    @Test
    void comparesTokenizers() {
        Cli run = Cli.run("tokenizer", "compare", "The jackdaw sat on a wall. ü", tokenizer, tokenizer + "/tokenizer.json", "--json");
        assertThat(run.json().at("/tokenizers").size()).isEqualTo(2);
        assertThat(run.json().at("/tokenizers/0/lossless").asBoolean()).isTrue();
        assertThat(run.json().at("/tokenizers/0/bytesPerToken").asDouble()).isGreaterThan(1.5);
        assertThat(run.json().at("/tokenizers/0/tokens").asInt()).isEqualTo(run.json().at("/tokenizers/1/tokens").asInt());
    }

    @Test
    void aMissingTokenizerIsNamed() {
        Cli run = Cli.run("tokenizer", "encode", folder.resolve("none").toString(), "a");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains(folder.resolve("none").toString()).hasLineCount(1);
    }

    @Test
    void nothingToLearnFromIsAnError() throws Exception {
        Path empty = Files.writeString(folder.resolve("empty.txt"), "");
        Cli run = Cli.run("tokenizer", "train", empty.toString(), "--out", folder.resolve("x").toString());
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("nothing to learn from");
        assertThat(folder.resolve("x")).doesNotExist();
    }

    /// A SentencePiece model of six pieces, written byte by byte: the command reads it, and adds and skips what it is asked to.
    @Test
    void readsASentencePieceModel() throws Exception {
        var model = new ByteArrayOutputStream();
        String[] pieces = {"<unk>", "<s>", "\u2581", "a", "b", "\u2581a"};
        for (int id = 0; id < pieces.length; id++) {
            var piece = new ByteArrayOutputStream();
            byte[] text = pieces[id].getBytes(StandardCharsets.UTF_8);
            piece.write(new byte[] {0x0A, (byte) text.length});                       // 1: the piece
            piece.write(text);
            piece.write(new byte[] {0x15, 0, 0, (byte) (id * 8), (byte) 0xC0});       // 2: its score, lower for each
            piece.write(new byte[] {0x18, (byte) (id == 0 ? 2 : id == 1 ? 3 : 1)});   // 3: its type
            model.write(new byte[] {0x0A, (byte) piece.size()});
            model.write(piece.toByteArray());
        }
        model.write(new byte[] {0x12, 2, 0x18, 2});                                   // trainer_spec: model_type bpe
        model.write(new byte[] {0x1A, 2, 0x20, 0});                                   // normalizer_spec: remove_extra_whitespaces false
        String file = Files.write(folder.resolve("tokenizer.model"), model.toByteArray()).toString();
        var encoded = Cli.run("tokenizer", "encode", file, "ab ax", "--add-special", "--json").json();
        assertThat(encoded.at("/ids").toString()).isEqualTo("[1,5,4,5,0]");
        assertThat(encoded.at("/tokens").toString()).isEqualTo("[\"<s>\",\"\u2581a\",\"b\",\"\u2581a\",\"<unk>\"]");
        assertThat(Cli.run("tokenizer", "decode", file, "5", "4", "5").out()).isEqualTo("ab a" + System.lineSeparator());
        assertThat(Cli.run("tokenizer", "decode", file, "1", "5", "--skip-special").out()).isEqualTo("a" + System.lineSeparator());
        Path broken = Files.write(folder.resolve("broken.model"), new byte[] {0x0A, 100, 1});
        Cli run = Cli.run("tokenizer", "encode", broken.toString(), "a");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("broken.model: at byte 2: field 1 has 100 bytes, but only 1 are left").hasLineCount(1);
    }
}
