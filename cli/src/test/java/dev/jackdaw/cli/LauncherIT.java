package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The assembled distribution, started through its own launcher as a user would.
class LauncherIT {
    private static final Path LAUNCHER = Path.of("target/jackdaw/jackdaw").toAbsolutePath();

    @TempDir
    private Path folder;

    private Cli launch(List<String> command, java.util.function.Consumer<java.util.Map<String, String>> environment) throws Exception {
        File out = folder.resolve("out").toFile();
        File err = folder.resolve("err").toFile();
        var builder = new ProcessBuilder(command).redirectOutput(out).redirectError(err);
        environment.accept(builder.environment());
        Process process = builder.start();
        process.getOutputStream().close();
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        return new Cli(process.exitValue(), read(out), read(err));
    }

    private static String read(File file) throws IOException {
        return Files.readString(file.toPath(), StandardCharsets.UTF_8);
    }

    private Cli launch(String... args) throws Exception {
        var command = new java.util.ArrayList<String>();
        command.add(LAUNCHER.toString());
        command.addAll(List.of(args));
        return launch(command, environment -> { });
    }

    @Test
    void printsItsVersion() throws Exception {
        Cli run = launch("--version");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).startsWith("jackdaw ");
    }

    @Test
    void jsonIsAllThatStandardOutputCarries() throws Exception {
        Cli run = launch("doctor", "--quick", "--json");
        assertThat(run.json().at("/vectors/kernels").asString()).isEqualTo("simd");
        assertThat(run.json().at("/jdk/options").toString()).contains("--add-modules=jdk.incubator.vector", "-XX:AOTCache=");
    }

    @Test
    void wrongUsageEndsWith2() throws Exception {
        assertThat(launch("doctor", "--nonsense").exitCode()).isEqualTo(2);
    }

    @Test
    void findsTheJdkByItsReleaseFile() throws Exception {
        // JAVA_HOME holds a 17, the java on the PATH is a link into a 25: the link wins, and neither was asked for its version.
        Path old = fakeJdk("old", "17.0.15");
        Path right = fakeJdk("right", "25.0.9");
        Path bin = Files.createDirectories(folder.resolve("bin"));
        Files.createSymbolicLink(bin.resolve("java"), right.resolve("bin/java"));
        Cli run = launch(List.of(LAUNCHER.toString(), "next", "a b"), environment -> {
            environment.put("JAVA_HOME", old.toString());
            environment.put("PATH", bin + ":" + environment.get("PATH"));
        });
        assertThat(run.out()).startsWith("java of right: --add-modules=jdk.incubator.vector ").endsWith(" dev.jackdaw.cli.Main next a b\n");
    }

    private Path fakeJdk(String name, String version) throws IOException {
        Path bin = Files.createDirectories(folder.resolve(name).resolve("bin"));
        Files.writeString(folder.resolve(name).resolve("release"), "IMPLEMENTOR=\"Nobody\"\nJAVA_VERSION=\"" + version + "\"\n");
        for (String tool : List.of("java", "javac")) {
            Path script = Files.writeString(bin.resolve(tool), "#!/bin/sh\necho \"java of " + name + ": $*\"\n");
            assertThat(script.toFile().setExecutable(true)).isTrue();
        }
        return folder.resolve(name);
    }

    @Test
    void aJvmWithoutTheVectorModuleSaysWhichFlagIsMissing() throws Exception {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Cli run = launch(List.of(java.toString(), "-jar", LAUNCHER.resolveSibling("lib/jackdaw.jar").toString(), "--version"),
                environment -> environment.keySet().removeIf(name -> name.contains("JAVA")));
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err().strip()).startsWith("jackdaw: the module jdk.incubator.vector is not loaded").doesNotContain("\n");
    }
}
