package dev.jackdaw.model.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelStoreTest {
    private static final Download.Patience HASTY = new Download.Patience(4, Duration.ofMillis(5), Duration.ofSeconds(5), Duration.ofMillis(600));

    @TempDir
    private Path folder;

    private FakeHub hub;
    private ModelStore store;
    private final List<String> notes = new ArrayList<>();
    private final List<Long> done = new ArrayList<>();
    private long total;

    @BeforeEach
    void start() throws IOException {
        hub = new FakeHub();
        store = new ModelStore(folder.resolve("home"));
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    private final Download.Progress progress = new Download.Progress() {
        @Override
        public void total(long bytes) {
            total = bytes;
        }

        @Override
        public void done(long bytes) {
            done.add(bytes);
        }

        @Override
        public void note(String text) {
            notes.add(text);
        }
    };

    private ModelStore.Options options() {
        return new ModelStore.Options(null, null, hub.endpoint(), hub.token, HASTY);
    }

    private ModelStore.Stored pull(String source) throws IOException {
        return store.pull(ModelSource.of(source), options(), progress);
    }

    private byte[] put(String name, int size) {
        byte[] bytes = new byte[size];
        new Random(name.hashCode()).nextBytes(bytes);
        hub.files.put(name, bytes);
        return bytes;
    }

    private void putQuantizations() {
        put("README.md", 10);
        put("Qwen-x-Q4_K_M.gguf", 300_000);
        put("Qwen-x-Q4_K_S.gguf", 200_000);
        put("Qwen-x-Q8_0.gguf", 400_000);
        put("big/Qwen-x-BF16-00001-of-00002.gguf", 500);
        put("big/Qwen-x-BF16-00002-of-00002.gguf", 600);
        put("mmproj-Qwen-x-Q8_0.gguf", 70);
    }

    @Test
    void pullsTheQuantizationAskedForAndFindsItByName() throws IOException {
        putQuantizations();
        ModelStore.Stored stored = pull("hf.co/org/repo:q8_0");
        assertThat(stored.name()).isEqualTo("qwen-x-q8_0");
        assertThat(stored.model()).hasBinaryContent(hub.files.get("Qwen-x-Q8_0.gguf"));
        assertThat(stored.manifest().commit()).isEqualTo(FakeHub.COMMIT);
        assertThat(stored.manifest().files()).extracting(ModelStore.StoredFile::sha256).containsExactly(FakeHub.sha256(hub.files.get("Qwen-x-Q8_0.gguf")));
        assertThat(total).isEqualTo(400_000);
        assertThat(done).isSorted().endsWith(400_000L);
        assertThat(store.find("QWEN-x-q8_0")).isPresent();
        assertThat(store.list()).hasSize(1);
        assertThat(pull("https://huggingface.co/org/repo:Qwen-x-Q4_K_S.gguf").manifest().bytes()).isEqualTo(200_000);
        assertThat(pull("hf.co/org/repo").name()).isEqualTo("qwen-x-q4_k_m");
        ModelStore.Stored split = pull("hf.co/org/repo:BF16");
        assertThat(split.manifest().files()).hasSize(2);
        assertThat(split.model().getFileName()).hasToString("Qwen-x-BF16-00001-of-00002.gguf");
        assertThat(folder.resolve("home/models/.partial")).isDirectoryNotContaining("glob:**gguf");
    }

    @Test
    void saysWhatThereIsWhenTheNameDoesNotFit() {
        putQuantizations();
        assertThatThrownBy(() -> pull("hf.co/org/repo:Q4_K")).hasMessageContaining("no file is named or quantised so; give one of Qwen-x-Q4_K_M.gguf, Qwen-x-Q4_K_S.gguf");
        put("other-Q8_0.gguf", 5);
        assertThatThrownBy(() -> pull("hf.co/org/repo:Q8_0")).hasMessageContaining("several files fit; give one of Qwen-x-Q8_0.gguf, other-Q8_0.gguf");
        hub.files.remove("big/Qwen-x-BF16-00002-of-00002.gguf");
        assertThatThrownBy(() -> pull("hf.co/org/repo:BF16")).hasMessageContaining("is split into 2 files, but the repository has 1");
        assertThatThrownBy(() -> pull("hf.co/org/none")).hasMessageContaining("there is nothing there (404)");
        assertThatThrownBy(() -> pull("hf.co/org")).hasMessageContaining("expected hf.co/ORG/REPO");
        assertThatThrownBy(() -> pull("/no/such/file")).hasMessageContaining("there is no such file");
    }

    @Test
    void pullsAWholeFolderWithoutWhatIsNotNeeded() throws IOException {
        for (String name : List.of("config.json", "tokenizer.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
            "model.safetensors.index.json", "1_Pooling/config.json")) {
            put(name, 1000 + name.length());
        }
        put("pytorch_model.bin", 77);
        put("evil.py", 77);
        put("onnx/model.onnx", 77);
        ModelStore.Stored stored = pull("hf.co/org/repo");
        assertThat(stored.name()).isEqualTo("repo");
        assertThat(stored.model()).isEqualTo(stored.folder()).isDirectory();
        assertThat(stored.manifest().files()).hasSize(6);
        assertThat(stored.folder().resolve("1_Pooling/config.json")).hasBinaryContent(hub.files.get("1_Pooling/config.json"));
        assertThat(hub.requests).noneMatch(request -> request.contains("evil") || request.contains("pytorch"));
        hub.files.keySet().removeIf(name -> name.endsWith("safetensors"));
        assertThatThrownBy(() -> pull("hf.co/org/repo")).hasMessageContaining("pickled weights, which are programs");
    }

    @Test
    void goesOnAfterDroppedConnections() throws IOException {
        put("m-Q8_0.gguf", 500_000);
        hub.troubles.addAll(List.of("drop:100000", "503", "drop:150000", "drop:0"));
        ModelStore.Stored stored = pull("hf.co/org/repo");
        assertThat(stored.model()).hasBinaryContent(hub.files.get("m-Q8_0.gguf"));
        assertThat(notes).hasSize(4).allMatch(note -> note.startsWith("connection lost ("));
        assertThat(hub.requests.stream().filter(request -> request.startsWith("cdn"))).anyMatch(request -> request.matches(".*bytes=[1-9]\\d+-"));
    }

    @Test
    void anInterruptedPullGoesOnNextTime() throws IOException {
        put("m-Q8_0.gguf", 500_000);
        hub.troubles.addAll(List.of("drop:200000", "500", "500", "500", "500"));
        assertThatThrownBy(() -> pull("hf.co/org/repo")).hasMessageContaining("gave up after 4 tries").hasMessageContaining("the same command goes on");
        assertThat(store.list()).isEmpty();
        hub.troubles.clear();
        hub.requests.clear();
        assertThat(pull("hf.co/org/repo").model()).hasBinaryContent(hub.files.get("m-Q8_0.gguf"));
        assertThat(hub.requests).anyMatch(request -> request.startsWith("cdn") && request.contains("bytes="));
    }

    @Test
    void aStalledConnectionIsTriedAgain() throws IOException {
        put("m-Q8_0.gguf", 100_000);
        hub.troubles.add("stall:40000");
        assertThat(pull("hf.co/org/repo").model()).hasBinaryContent(hub.files.get("m-Q8_0.gguf"));
        assertThat(notes).hasSize(1);
    }

    @Test
    void startsAgainWhereTheServerKnowsNoRanges() throws IOException {
        put("m ü#%Q8_0.gguf", 300_000);
        assertThat(pull("hf.co/org/repo").model().getFileName()).hasToString("m ü#%Q8_0.gguf");
        hub.files.clear();
        put("m-Q8_0.gguf", 300_000);
        hub.ignoresRanges = true;
        hub.troubles.add("drop:100000");
        assertThat(pull("hf.co/org/repo").model()).hasBinaryContent(hub.files.get("m-Q8_0.gguf"));
        hub.troubles.addAll(List.of("drop:100000", "416"));
        put("m-Q8_0.gguf", 310_000);
        assertThat(pull("hf.co/org/repo").model()).hasBinaryContent(hub.files.get("m-Q8_0.gguf"));
    }

    @Test
    void aWrongChecksumLeavesNothing() throws IOException {
        put("m-Q8_0.gguf", 3000);
        pull("hf.co/org/repo");
        byte[] before = hub.files.get("m-Q8_0.gguf");
        put("m-Q8_0.gguf", 4000);
        hub.files.put("m-Q8_0.gguf", Arrays.copyOf(before, 4000));
        hub.lies = true;
        assertThatThrownBy(() -> pull("hf.co/org/repo")).hasMessageContaining("wrong checksum, found " + FakeHub.sha256(Arrays.copyOf(before, 4000)) + ", expected 0000");
        assertThat(store.list()).hasSize(1);
        assertThat(store.list().getFirst().model()).hasBinaryContent(before);
        try (Stream<Path> left = Files.walk(folder.resolve("home/models/.partial"))) {
            assertThat(left.filter(path -> path.toString().endsWith(".gguf"))).isEmpty();
        }
    }

    @Test
    void aChangedSmallFileIsNoticed() throws IOException {
        put("config.json", 100);
        put("model.safetensors", 100);
        pull("hf.co/org/repo");
        hub.lies = false;
        hub.files.put("config.json", new byte[100]);
        assertThat(pull("hf.co/org/repo").folder().resolve("config.json")).hasBinaryContent(new byte[100]);
    }

    @Test
    void theTokenGoesToTheHubOnly() throws IOException {
        put("m-Q8_0.gguf", 3000);
        hub.token = "hf_secret";
        pull("hf.co/org/repo");
        assertThat(hub.requests).anyMatch(request -> request.startsWith("hub") && request.endsWith("Bearer hf_secret"));
        assertThat(hub.requests).noneMatch(request -> request.startsWith("cdn") && request.contains("Bearer"));
        assertThatThrownBy(() -> store.pull(ModelSource.of("hf.co/org/repo"), new ModelStore.Options(null, null, hub.endpoint(), null, HASTY), progress))
            .hasMessageContaining("access was denied (401)").hasMessageContaining("set HF_TOKEN");
    }

    @Test
    void redirectsEndSomewhereAndStayOnTheNetwork() {
        assertThatThrownBy(() -> pull(hub.endpoint() + "/loop/x.gguf")).hasMessageContaining("more than 10 redirects");
        assertThatThrownBy(() -> pull(hub.endpoint() + "/away/x.gguf")).hasMessageContaining("redirected to file:///etc/passwd; only https is followed");
    }

    @Test
    void pullsAnAddress() throws IOException {
        byte[] bytes = put("some model.gguf", 50_000);
        hub.troubles.add("drop:20000");
        ModelStore.Stored stored = pull(hub.cdn() + "/blob/some%20model.gguf");
        assertThat(stored.name()).isEqualTo("some-model");
        assertThat(stored.model()).hasBinaryContent(bytes);
        assertThatThrownBy(() -> store.pull(ModelSource.of(hub.cdn() + "/blob/some%20model.gguf"), options().named("other", "11".repeat(32)), progress))
            .hasMessageContaining("wrong checksum");
        assertThatThrownBy(() -> pull(hub.cdn() + "/blob/")).hasMessageContaining("must name a .gguf file");
    }

    /// The first half is of a file that has changed since: the halves must not be put together.
    @Test
    void anAddressWhoseFileHasChangedStartsAgain() throws IOException {
        put("x.gguf", 50_000);
        hub.troubles.addAll(List.of("drop:20000", "500", "500", "500", "500"));
        assertThatThrownBy(() -> pull(hub.cdn() + "/blob/x.gguf")).hasMessageContaining("gave up");
        hub.troubles.clear();
        hub.eTag = "\"two\"";
        byte[] bytes = new byte[50_000];
        hub.files.put("x.gguf", bytes);
        assertThat(pull(hub.cdn() + "/blob/x.gguf").model()).hasBinaryContent(bytes);
    }

    @Test
    void refusesNamesThatLeaveTheFolder() {
        for (String name : List.of("../x.gguf", "/x.gguf", "a/../../x.gguf", "a\\x.gguf", "C:x.gguf", "a//x.gguf", "x\n.gguf")) {
            hub.files.clear();
            hub.files.put(name, new byte[10]);
            assertThatThrownBy(() -> pull("hf.co/org/repo")).hasMessageContaining("which is no name for a file here");
        }
        assertThatThrownBy(() -> store.remove("../x")).hasMessageContaining("model name");
    }

    @Test
    void pullsFilesOfThisMachine() throws IOException {
        Path gguf = Files.write(folder.resolve("My Model.gguf"), new byte[1234]);
        ModelStore.Stored stored = pull(gguf.toString());
        assertThat(stored.name()).isEqualTo("my-model");
        assertThat(stored.model()).hasSize(1234);
        Path model = Files.createDirectory(folder.resolve("Model-HF"));
        Files.writeString(model.resolve("config.json"), "{}");
        Files.writeString(model.resolve("model.safetensors"), "xx");
        Files.writeString(model.resolve("code.py"), "print()");
        assertThat(pull(model.toString()).manifest().files()).extracting(ModelStore.StoredFile::name).containsExactly("config.json", "model.safetensors");
        for (int i = 1; i <= 2; i++) {
            Files.write(folder.resolve("s-0000" + i + "-of-00002.gguf"), new byte[i]);
        }
        assertThat(pull(folder.resolve("s-00002-of-00002.gguf").toString()).manifest().files()).hasSize(2);
        assertThat(store.find("s")).isPresent();
    }

    @Test
    void copiesAndRemoves() throws IOException {
        put("m-Q8_0.gguf", 3000);
        pull("hf.co/org/repo");
        ModelStore.Stored copy = store.copy("m-q8_0", "mine");
        assertThat(copy.model()).hasBinaryContent(hub.files.get("m-Q8_0.gguf"));
        assertThatThrownBy(() -> store.copy("m-q8_0", "mine")).isInstanceOf(FileAlreadyExistsException.class);
        assertThat(store.remove("m-q8_0")).isEqualTo(3000);
        assertThat(store.list()).extracting(ModelStore.Stored::name).containsExactly("mine");
        assertThat(copy.model()).hasBinaryContent(hub.files.get("m-Q8_0.gguf"));
        assertThatThrownBy(() -> store.remove("m-q8_0")).isInstanceOf(NoSuchFileException.class).hasMessageContaining("it has mine");
        hub.requests.clear();
        pull("hf.co/org/repo");
        assertThat(hub.requests).noneMatch(request -> request.startsWith("cdn"));         // the file is here already, by its checksum
    }

    /// Answers of a hub that has gone mad.
    @Test
    void aDamagedListIsRefused() throws IOException {
        put("m-Q8_0.gguf", 300);
        byte[] list = hub.list().getBytes(java.nio.charset.StandardCharsets.UTF_8);
        for (int seed = 0; seed < 400 + list.length; seed++) {
            Random random = new Random(seed);
            byte[] damaged = seed < list.length ? Arrays.copyOf(list, seed) : list.clone();
            for (int i = random.nextInt(4); i > 0 && damaged.length > 0; i--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(128);
            }
            hub.listAnswer = damaged;
            try {
                store.pull(ModelSource.of("hf.co/org/repo"), new ModelStore.Options(null, null, hub.endpoint(), null, new Download.Patience(1, Duration.ZERO, Duration.ofSeconds(5), Duration.ofSeconds(5))), progress);
            } catch (IOException | IllegalArgumentException e) {
                assertThat(e.getMessage()).as("seed %d", seed).contains("pull ").hasSizeLessThan(2000);
            }
        }
        for (String text : List.of("null", "[]", "3", "{\"sha\":\"0123456\",\"siblings\":[null,3,[],{}]}", "[".repeat(100_000))) {
            hub.listAnswer = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
            assertThatThrownBy(() -> pull("hf.co/org/repo")).as(text).isInstanceOf(IOException.class).hasMessageContaining("pull hf.co/org/repo: the");
        }
    }

    @Test
    void aDamagedManifestDoesNotHideTheOthers() throws IOException {
        put("m-Q8_0.gguf", 3000);
        pull("hf.co/org/repo");
        Path bad = Files.createDirectories(folder.resolve("home/models/bad"));
        for (String text : List.of("", "{", "[]", "{\"files\":null}", "{\"files\":[{\"name\":\"../../x\"}]}", "{\"files\":[null]}", "\0\1")) {
            Files.writeString(bad.resolve("model.json"), text);
            assertThat(store.list()).as(text).extracting(ModelStore.Stored::name).containsExactly("m-q8_0");
        }
        Files.write(bad.resolve("model.json"), new byte[] {(byte) 0xff, (byte) 0xfe, (byte) 0x80, '{'});
        assertThat(store.list()).hasSize(1);
        store.remove("bad");
        assertThat(bad).doesNotExist();
    }

    @Test
    void emptyFilesArePulledToo() throws IOException {
        put("config.json", 20);
        put("model.safetensors", 100);
        put("LICENSE", 0);
        ModelStore.Stored stored = pull("hf.co/org/repo");
        assertThat(stored.folder().resolve("LICENSE")).isEmptyFile();
    }
}
