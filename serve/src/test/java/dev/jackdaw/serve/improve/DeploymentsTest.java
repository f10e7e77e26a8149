package dev.jackdaw.serve.improve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a model is does not matter here: a few bytes stand for it.
class DeploymentsTest {
    private static final Lineage.Program PROGRAM = new Lineage.Program("1", "abc", "25");
    private static final Lineage NEXT = new Lineage(0, 1, "2026-01-01T00:00:00Z", "improvements/1", null, List.of(), List.of("c1"), Map.of("seed", 3), List.of(), new Verdict(true, List.of("better")), PROGRAM, null);
    @TempDir
    private Path folder;
    private Path root;
    private Deployments deployments;

    @BeforeEach
    void create() throws IOException {
        root = folder.resolve("deployments");
        deployments = new Deployments(root);
        deployments.create("birds", model(0), new Kept("model-0", List.of(), null, null, Map.of("run", "first")), PROGRAM);
    }

    private Path model(int number) throws IOException {
        return Files.writeString(folder.resolve("model-" + number), "weights " + number);
    }

    @Test
    void aVersionIsAddedPromotedAndRolledBack() throws IOException {
        assertThat(deployments.current("birds").orElseThrow().current()).isEqualTo(1);
        assertThat(deployments.add("birds", model(2), NEXT)).isEqualTo(2);
        assertThat(deployments.current("birds").orElseThrow().current()).isEqualTo(1);
        Deployment promoted = deployments.promote("birds", 2);
        assertThat(promoted.current()).isEqualTo(2);
        assertThat(promoted.previous()).isEqualTo(1);
        assertThat(promoted.pick("anybody").id()).isEqualTo("birds@v2");
        assertThat(promoted.pick("anybody").model()).hasContent("weights 2");
        Lineage lineage = deployments.lineage("birds", 2);
        assertThat(lineage.version()).isEqualTo(2);
        assertThat(lineage.parent()).isEqualTo(1);
        assertThat(lineage.corrections()).containsExactly("c1");
        assertThat(lineage.parameters().bytes()).isEqualTo("weights 2".length());
        assertThat(lineage.parameters().sha256()).isEqualTo(Deployments.facts("", folder.resolve("model-2"), 0).sha256());
        assertThat(deployments.rollback("birds").pick(null).model()).hasContent("weights 0");
        assertThatThrownBy(() -> deployments.rollback("birds")).hasMessageContaining("version 1 is the first that was served");
    }

    @Test
    void rollbacksGoBackStepByStep() throws IOException {
        for (int i = 2; i <= 4; i++) {
            deployments.promote("birds", deployments.add("birds", model(i), NEXT));
        }
        assertThat(deployments.rollback("birds").current()).isEqualTo(3);
        assertThat(deployments.rollback("birds").current()).isEqualTo(2);
        deployments.promote("birds", 4);
        assertThat(deployments.rollback("birds").current()).isEqualTo(2);
        assertThat(deployments.versions("birds")).containsExactly(1, 2, 3, 4);
    }

    @Test
    void aCanaryGetsItsShareOfTheKeysAndAlwaysTheSame() throws IOException {
        deployments.add("birds", model(2), NEXT);
        Deployment tenth = deployments.canary("birds", 2, 0.1), third = deployments.canary("birds", 2, 0.3);
        int inTenth = 0, inThird = 0;
        for (int i = 0; i < 20_000; i++) {
            boolean first = tenth.pick("user-" + i).isCanary(), second = third.pick("user-" + i).isCanary();
            assertThat(second || !first).as("user-%d leaves when the share grows", i).isTrue();
            assertThat(tenth.pick("user-" + i).isCanary()).isEqualTo(first);
            inTenth += first ? 1 : 0;
            inThird += second ? 1 : 0;
        }
        assertThat(inTenth).isBetween(1_800, 2_200);
        assertThat(inThird).isBetween(5_700, 6_300);
        assertThat(tenth.pick(null).number()).isEqualTo(1);
        assertThat(tenth.pick("user-1")).isEqualTo(new Deployments(root).canary("birds", 2, 0.1).pick("user-1"));
        Deployment back = deployments.rollback("birds");
        assertThat(back.canary()).isNull();
        assertThat(back.current()).isEqualTo(1);
        deployments.canary("birds", 2, 1);
        assertThat(deployments.promote("birds", 2).canary()).isNull();
        assertThatThrownBy(() -> deployments.canary("birds", 2, 0.5)).hasMessageContaining("must be another one");
        assertThatThrownBy(() -> deployments.canary("birds", 1, 0)).hasMessageContaining("more than 0");
        assertThatThrownBy(() -> deployments.promote("birds", 9)).hasMessageContaining("has no version 9").hasMessageContaining("[1, 2]");
    }

    @Test
    void aChangeIsSeenByOthersAtOnce() throws IOException {
        Deployments server = new Deployments(root);
        assertThat(server.current("birds").orElseThrow().current()).isEqualTo(1);
        assertThat(server.current("birds").orElseThrow()).isSameAs(server.current("birds").orElseThrow());
        deployments.add("birds", model(2), NEXT);
        for (int i = 0; i < 50; i++) {                              // as fast as it goes: times of files must not hide one
            deployments.promote("birds", 2);
            assertThat(server.current("birds").orElseThrow().current()).isEqualTo(2);
            deployments.rollback("birds");
            assertThat(server.current("birds").orElseThrow().current()).isEqualTo(1);
        }
    }

    @Test
    void namesThatLeadElsewhereAreNoDeployments() throws IOException {
        for (String name : new String[] {"../birds", "birds/../birds", "", ".", "..", "birds\0", "a b", "/etc", "x".repeat(65), "birds/v1"}) {
            assertThat(deployments.current(name)).as(name).isEmpty();
            assertThatThrownBy(() -> deployments.create(name, model(1), new Kept("m", List.of(), null, null, Map.of()), PROGRAM)).as(name).isInstanceOf(IOException.class);
        }
        assertThatThrownBy(() -> deployments.require("cats")).hasMessageContaining("there are birds");
        assertThatThrownBy(() -> deployments.create("birds", model(1), new Kept("m", List.of(), null, null, Map.of()), PROGRAM)).hasMessageContaining("already");
    }

    @Test
    void aBrokenFileIsNamed() throws IOException {
        Files.writeString(root.resolve("birds/deployment.json"), "{\"current\": 0}");
        assertThatThrownBy(() -> deployments.current("birds")).isInstanceOf(IOException.class).hasMessageContaining("deployment.json").hasMessageContaining("current version 0");
    }

    private static final class Stopped extends RuntimeException {
    }

    /// Valid: the file can be read, and every version it names is whole.
    private static Deployment valid(Path root, String name) throws IOException {
        Deployments reader = new Deployments(root);
        Deployment now = reader.require(name);
        Set<Integer> named = new TreeSet<>(now.earlier());
        named.add(now.current());
        if (now.canary() != null) {
            named.add(now.canary());
        }
        for (int version : named) {
            Path parameters = now.version(version).model();
            assertThat(reader.lineage(name, version).parameters().sha256()).isEqualTo(Deployments.facts("", parameters, 0).sha256());
        }
        for (int version : reader.versions(name)) {                 // no half version stands under a version's name
            assertThat(reader.lineage(name, version).version()).isEqualTo(version);
        }
        return now;
    }

    @Test
    void stoppedAfterAnyStepItIsAsBeforeOrAsItWasToBecome() throws IOException {
        List<String> steps = new ArrayList<>();
        Deployments told = new Deployments(folder.resolve("told"), steps::add);
        told.create("birds", model(0), new Kept("m", List.of(), null, null, Map.of()), PROGRAM);
        told.promote("birds", told.add("birds", model(2), NEXT));
        told.rollback("birds");
        assertThat(steps).containsExactly("kept", "parameters", "lineage", "version", "deployment", "parameters", "lineage", "version", "decided", "deployment", "decided", "deployment");
        for (int stop = 0; stop < steps.size(); stop++) {
            Path place = folder.resolve("stop-" + stop);
            int[] left = {stop};
            Deployments stopping = new Deployments(place, _ -> {
                if (left[0]-- == 0) {
                    throw new Stopped();
                }
            });
            assertThatThrownBy(() -> {
                stopping.create("birds", model(0), new Kept("m", List.of(), null, null, Map.of()), PROGRAM);
                stopping.promote("birds", stopping.add("birds", model(2), NEXT));
                stopping.rollback("birds");
            }).as("step %d", stop).isInstanceOf(Stopped.class);
            Deployments again = new Deployments(place);
            if (again.current("birds").isEmpty()) {                 // not made yet: it can be made
                assertThat(stop).isLessThan(4);
                again.create("birds", model(0), new Kept("m", List.of(), null, null, Map.of()), PROGRAM);
            }
            Deployment now = valid(place, "birds");
            assertThat(now.current()).as("step %d", stop).isEqualTo(stop == 9 || stop == 10 ? 2 : 1);
            int version = again.add("birds", model(3), NEXT);
            assertThat(again.promote("birds", version).pick(null).model()).hasContent("weights 3");
            assertThat(again.rollback("birds").current()).isEqualTo(now.current());
            valid(place, "birds");
        }
    }

    /// Promotes, tries and goes back as fast as it can, until it is killed.
    static final class Restless {
        static void main(String[] args) throws IOException {
            Path root = Path.of(args[0]);
            Deployments deployments = new Deployments(root);
            Path model = Files.writeString(root.resolveSibling("restless-" + ProcessHandle.current().pid()), "weights of " + ProcessHandle.current().pid() + "x".repeat(100_000));
            for (int i = 0; ; i++) {
                if (i == 1) {
                    System.out.println("begun");
                }
                int version = deployments.add("birds", model, NEXT);
                deployments.canary("birds", version, 0.5);
                deployments.promote("birds", version);
                deployments.rollback("birds");
                deployments.promote("birds", version);
            }
        }
    }

    @Test
    void killedAtAnyInstantItIsValid() throws Exception {
        int versions = 1;
        for (int round = 0; round < 3; round++) {
            Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"),
                    Restless.class.getName(), root.toString()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            try {
                assertThat(process.inputReader().readLine()).isEqualTo("begun");
                Thread.sleep(23 + 71 * round);
            } finally {
                process.destroyForcibly();                          // kill -9
                assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            }
            valid(root, "birds");
            int now = deployments.versions("birds").size();
            assertThat(now).as("versions after round %d", round).isGreaterThanOrEqualTo(versions);
            versions = now;
        }
        assertThat(versions).isGreaterThan(3);
        int next = deployments.add("birds", model(7), NEXT);
        assertThat(deployments.promote("birds", next).pick(null).model()).hasContent("weights 7");
        try (Stream<Path> left = Files.list(root.resolve("birds"))) {
            assertThat(left.filter(path -> path.getFileName().toString().startsWith(".v") || path.getFileName().toString().startsWith(".deployment")).count()).isLessThanOrEqualTo(6);
        }
    }

    @Test
    void manyAtOnceWaitForEachOther() throws Exception {
        try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> added = new ArrayList<>();
            Path model = model(5);
            for (int i = 0; i < 16; i++) {
                added.add(pool.submit(() -> {
                    Deployments own = new Deployments(root);
                    int version = own.add("birds", model, NEXT);
                    own.promote("birds", version);
                    return version;
                }));
            }
            Set<Integer> numbers = new TreeSet<>();
            for (Future<Integer> one : added) {
                numbers.add(one.get());
            }
            assertThat(numbers).hasSize(16);
        }
        assertThat(valid(root, "birds").earlier()).hasSize(16);
    }
}
