package dev.jackdaw.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

import io.airlift.compress.v3.zstd.ZstdJavaCompressor;

class DocumentsTest {
    @TempDir
    Path folder;
    private final Tally skipped = new Tally();

    private Map<String, String> read(Path... sources) {
        Map<String, String> found = new LinkedHashMap<>();
        Documents.of(sources).forEach(document -> assertThat(found.put(document.id(), new String(document.bytes(), StandardCharsets.UTF_8))).isNull(), skipped);
        return found;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] zip(Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (var entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue());
            }
        }
        return bytes.toByteArray();
    }

    private static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(content);
        }
        return bytes.toByteArray();
    }

    private static byte[] zstd(byte[] content) {
        ZstdJavaCompressor compressor = new ZstdJavaCompressor();
        byte[] packed = new byte[compressor.maxCompressedLength(content.length)];
        return Arrays.copyOf(packed, compressor.compress(content, 0, content.length, packed, 0, packed.length));
    }

    private static byte[] tar(Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (var entry : entries.entrySet()) {
            if (entry.getKey().length() > 100) {
                tarEntry(bytes, "././@LongLink", 'L', utf8(entry.getKey() + "\0"));
            }
            tarEntry(bytes, entry.getKey(), '0', entry.getValue());
        }
        bytes.write(new byte[1024]);
        return bytes.toByteArray();
    }

    private static void tarEntry(ByteArrayOutputStream bytes, String name, char type, byte[] content) throws IOException {
        byte[] header = new byte[512];
        byte[] nameBytes = utf8(name);
        System.arraycopy(nameBytes, 0, header, 0, Math.min(100, nameBytes.length));
        System.arraycopy(utf8(String.format("%011o", content.length)), 0, header, 124, 11);
        header[156] = (byte) type;
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xFF;
        }
        System.arraycopy(utf8(String.format("%06o\0", sum)), 0, header, 148, 7);
        bytes.write(header);
        bytes.write(content);
        bytes.write(new byte[(512 - content.length % 512) % 512]);
    }

    @Test
    void walksFoldersInTheOrderOfPaths() throws IOException {
        for (String name : new String[] {"b.txt", "a/z.java", "a/b/c.md", "a.txt", ".git/config", "a/.hidden", "Makefile"}) {
            Files.createDirectories(folder.resolve(name).getParent());
            Files.writeString(folder.resolve(name), "text of " + name);
        }
        Files.createSymbolicLink(folder.resolve("loop"), folder);
        assertThat(read(folder).keySet()).containsExactly("Makefile", "a.txt", "a/b/c.md", "a/z.java", "b.txt");
        assertThat(skipped.of(Reason.HIDDEN).documents()).isEqualTo(2);
        assertThat(skipped.of(Reason.LINK).documents()).isEqualTo(1);
    }

    @Test
    void opensEveryKindOfPackedFile() throws IOException {
        Map<String, byte[]> files = new TreeMap<>(Map.of("one.txt", utf8("first"), "deep/two.java", utf8("class Two {}")));
        Files.write(folder.resolve("p.zip"), zip(files));
        Files.write(folder.resolve("q.txt.gz"), gzip(utf8("from gzip")));
        Files.write(folder.resolve("r.txt.zst"), zstd(utf8("from zstd")));
        try (OutputStream out = new XZOutputStream(Files.newOutputStream(folder.resolve("s.txt.xz")), new LZMA2Options(1))) {
            out.write(utf8("from xz"));
        }
        String longName = "long/".repeat(30) + "name.txt";
        Files.write(folder.resolve("t.tar.gz"), gzip(tar(new TreeMap<>(Map.of("x.txt", utf8("from tar"), longName, utf8("from deep in tar"))))));
        Files.write(folder.resolve("u.jar"), zip(Map.of("inner.zip", zip(files), "A.class", new byte[] {1})));
        assertThat(read(folder)).containsExactlyEntriesOf(new TreeMap<>(Map.of(
            "p.zip!/deep/two.java", "class Two {}", "p.zip!/one.txt", "first", "q.txt", "from gzip", "r.txt", "from zstd", "s.txt", "from xz",
            "t.tar!/x.txt", "from tar", "t.tar!/" + longName, "from deep in tar",
            "u.jar!/inner.zip!/deep/two.java", "class Two {}", "u.jar!/inner.zip!/one.txt", "first")));
        assertThat(skipped.describe()).isEqualTo("1 binary (u.jar!/A.class)");
        assertThat(read(folder.resolve("p.zip")).keySet()).containsExactly("deep/two.java", "one.txt");
    }

    @Test
    void readsConcatenatedFrames() throws IOException {
        ByteArrayOutputStream two = new ByteArrayOutputStream();
        two.write(zstd(utf8("one ")));
        two.write(zstd(utf8("two")));
        Files.write(folder.resolve("a.txt.zst"), two.toByteArray());
        two.reset();
        two.write(gzip(utf8("one ")));
        two.write(gzip(utf8("two")));
        Files.write(folder.resolve("b.txt.gz"), two.toByteArray());
        assertThat(read(folder).values()).containsExactly("one two", "one two");
    }

    @Test
    void takesTheTextOutOfJsonLines() throws IOException {
        Files.writeString(folder.resolve("a.jsonl"), """
            {"text": "plain\\ntext", "id": 7}
            {"content": "content"}
            {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "good day"}]}
            {"conversations": [{"from": "human", "value": "hi"}]}

            {"question": "what?", "answer": "that"}
            {"instruction": "do", "input": "", "output": "done"}
            {"prompt": "a", "completion": "b"}
            {"other": "nothing known"}
            ["no object"]
            {"broken":
            {"text": 7}
            {"text": "without a line end"}""");
        assertThat(read(folder.resolve("a.jsonl"))).containsExactlyEntriesOf(map("a.jsonl#1", "plain\ntext", "a.jsonl#2", "content",
            "a.jsonl#3", "user: hello\n\nassistant: good day", "a.jsonl#4", "human: hi", "a.jsonl#6", "what?\nthat", "a.jsonl#7", "do\ndone",
            "a.jsonl#8", "a\nb", "a.jsonl#13", "without a line end"));
        assertThat(skipped.of(Reason.NO_TEXT_FIELD).documents()).isEqualTo(2);
        assertThat(skipped.of(Reason.BAD_JSON).documents()).isEqualTo(2);
    }

    private static Map<String, String> map(String... pairs) {
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put(pairs[i], pairs[i + 1]);
        }
        return map;
    }

    @Test
    void cutsCollectionsAndBooks() throws IOException {
        StringBuilder stories = new StringBuilder();
        for (int i = 0; i < 300; i++) {
            stories.append("story ").append(i).append('\n').append(Texts.words(i, i == 7 ? 30_000 : 80)).append("<|endoftext|>\n");
        }
        Files.writeString(folder.resolve("stories.txt"), stories);
        Map<String, String> pieces = read(folder.resolve("stories.txt"));
        assertThat(pieces.values().stream().filter(text -> !text.isBlank()).count()).isEqualTo(300);
        assertThat(pieces.get("stories.txt#8")).startsWith("\nstory 7\n").doesNotContain("endoftext");

        StringBuilder book = new StringBuilder();
        for (int i = 0; i < 2000; i++) {
            book.append(Texts.words(i, 60)).append('\n');
        }
        Files.writeString(folder.resolve("book.txt"), book);
        Map<String, String> chapters = read(folder.resolve("book.txt"));
        assertThat(String.join("", chapters.values())).isEqualTo(book.toString());
        assertThat(chapters.values()).allSatisfy(text -> assertThat(text.length()).isBetween(TextPieces.PIECE / 2, TextPieces.WHOLE));
        assertThat(chapters.values()).allMatch(text -> text.endsWith("\n\n"));
    }

    @Test
    void convertsUtf16() throws IOException {
        String text = "\ufeffein Käfer \ud83d\ude00 ".repeat(3000);
        Files.write(folder.resolve("le.txt"), text.getBytes(StandardCharsets.UTF_16LE));
        Files.write(folder.resolve("be.txt"), text.getBytes(StandardCharsets.UTF_16BE));
        Files.write(folder.resolve("nobom.txt"), "plain ascii as windows writes it\r\n".repeat(50).getBytes(StandardCharsets.UTF_16LE));
        Map<String, String> found = new LinkedHashMap<>();
        Documents.of(folder).forEach(d -> found.merge(d.id().replaceAll("#.*", ""), new String(d.bytes(), StandardCharsets.UTF_8), String::concat), skipped);
        assertThat(found.get("le.txt")).isEqualTo(found.get("be.txt")).isEqualTo(text);
        assertThat(found.get("nobom.txt")).startsWith("plain ascii").hasSize(34 * 50);
    }

    @Test
    void passesOverArchivesMadeToDoHarm() throws IOException {
        Files.write(folder.resolve("climb.zip"), zip(map2("../../etc/evil.txt", "/abs.txt", "a/../../b.txt", "C:/x.txt", "fine..txt")));
        byte[] zeros = new byte[64 << 20];
        for (int i = 0; i < zeros.length; i++) {
            zeros[i] = (byte) (i % 100 == 99 ? '\n' : 'a');
        }
        Files.write(folder.resolve("bomb.zip"), zip(Map.of("big.txt", zeros, "other.txt", utf8("other"))));
        Files.write(folder.resolve("bomb.txt.gz"), gzip(zeros));
        Files.write(folder.resolve("bomb2.gz.gz"), gzip(gzip(zeros)));
        byte[] nest = utf8("core");
        for (int i = 0; i < 8; i++) {
            nest = zip(Map.of(i == 0 ? "core.txt" : "in.zip", nest));
        }
        Files.write(folder.resolve("nest.zip"), nest);
        Map<String, String> found = read(folder);
        assertThat(found).containsEntry("climb.zip!/fine..txt", "x").containsEntry("bomb.zip!/other.txt", "other");
        assertThat(found.keySet()).noneMatch(id -> id.contains("evil") || id.contains("core.txt"));
        assertThat(skipped.of(Reason.UNSAFE_NAME).documents()).isEqualTo(4);
        assertThat(skipped.of(Reason.BOMB).documents()).isEqualTo(3);
        assertThat(skipped.of(Reason.TOO_DEEP).documents()).isEqualTo(1);
        assertThat(Files.list(folder.getParent()).map(p -> p.getFileName().toString())).doesNotContain("evil.txt");
    }

    private static Map<String, byte[]> map2(String... names) {
        Map<String, byte[]> map = new LinkedHashMap<>();
        for (String name : names) {
            map.put(name, utf8("x"));
        }
        return map;
    }

    @Test
    void countsWhatIsBroken() throws IOException {
        Map<String, byte[]> good = Map.of("a.txt", utf8(Texts.words(1, 5000)));
        Files.write(folder.resolve("cut.zip"), Arrays.copyOf(zip(good), 4000));
        Files.write(folder.resolve("cut.txt.gz"), Arrays.copyOf(gzip(good.get("a.txt")), 4000));
        Files.write(folder.resolve("cut.txt.zst"), Arrays.copyOf(zstd(good.get("a.txt")), 4000));
        Files.write(folder.resolve("cut.tar"), Arrays.copyOf(tar(good), 4000));
        Files.write(folder.resolve("no.txt.xz"), utf8("this is no xz file"));
        Files.write(folder.resolve("no.zip"), utf8("this is no zip file"));
        Files.write(folder.resolve("empty.txt"), new byte[0]);
        Files.write(folder.resolve("junk.txt"), new byte[] {1, 2, 0, 0, 3});
        assertThat(read(folder)).isEmpty();
        assertThat(skipped.of(Reason.CORRUPT).documents()).isEqualTo(6);
        assertThat(skipped.of(Reason.EMPTY).documents()).isEqualTo(1);
        assertThat(skipped.of(Reason.BINARY).documents()).isEqualTo(1);
    }

    /// Whatever bytes are flipped: documents or counted reasons come out, never an exception.
    @Test
    void survivesFlippedBytes() throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        for (int i = 0; i < 5; i++) {
            files.put("f" + i + ".txt", utf8(Texts.words(i, 200)));
        }
        Map<String, byte[]> packed = Map.of("a.zip", zip(files), "b.tar.gz", gzip(tar(files)), "c.tar", tar(files), "d.txt.zst", zstd(files.get("f0.txt")),
            "e.jar", zip(Map.of("in.zip", zip(files))), "f.jsonl", utf8("{\"text\": \"" + "words ".repeat(50) + "\"}\n"));
        SplittableRandom random = new SplittableRandom(17);
        for (int round = 0; round < 150; round++) {
            for (var entry : packed.entrySet()) {
                byte[] bytes = entry.getValue().clone();
                for (int flips = random.nextInt(1, 6); flips > 0; flips--) {
                    bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
                }
                Path file = folder.resolve(entry.getKey());
                Files.write(file, bytes);
                long before = skipped.documents();
                int[] documents = new int[1];
                Documents.of(file).forEach(_ -> documents[0]++, skipped);
                assertThat(documents[0] + skipped.documents() - before).as("round %d, %s", round, entry.getKey()).isPositive();
            }
        }
    }
}
