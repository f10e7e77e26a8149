package dev.jackdaw.agent.sandbox;

import dev.jackdaw.agent.sandbox.inside.JavaRunner;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Java, by the JDK that runs Jackdaw. One JVM compiles the source in memory and runs it: a small heap, the first compiler and the plain
/// collector only, the class archive that comes with the JDK.
public final class JavaProgram {
    private static final Path HOME = Path.of(System.getProperty("java.home"));
    /// Address space that a JVM asks for beside its heap: code, metadata, stacks, the class archive.
    private static final long RESERVED = 3L << 30;

    private JavaProgram() {
    }

    /// @param source one file; it has a class with `main`, or is a compact source file
    public static Program of(String source, Limits limits) {
        return checked(source, "", limits);
    }

    /// A program of which it matters whether it comes to its end: [Verdict#of].
    public static Program checked(String source, String word, Limits limits) {
        if (!Files.isExecutable(HOME.resolve("bin/javac"))) {
            throw new SandboxMissing("sandbox: programs in Java need a JDK, " + HOME + " has no bin/javac; start Jackdaw with a JDK");
        }
        long heap = Math.max(32, (limits.memoryBytes() >> 20) / 2);
        List<String> command = new ArrayList<>(List.of(HOME.resolve("bin/java").toString(), "-Xmx" + heap + "m", "-Xms16m", "-Xss2m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-XX:ReservedCodeCacheSize=48m", "-XX:CompressedClassSpaceSize=64m", "-XX:MaxMetaspaceSize=128m", "-XX:MaxDirectMemorySize=64m", "-XX:-UsePerfData", "-XX:-UseContainerSupport",
                "-XX:+ExitOnOutOfMemoryError", "-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=/dev/null", "-Xshare:auto", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8",
                "-Djava.io.tmpdir=/tmp", "-cp", Program.FOLDER, JavaRunner.class.getName()));
        command.add(Program.FOLDER + "/Program.java");
        return new Program(Map.of("Program.java", source.getBytes(StandardCharsets.UTF_8), "runner.jar", runner()), jar(command), word + "\n", readable(), RESERVED);
    }

    /// The runner is a class in a package, so it travels as a jar.
    private static List<String> jar(List<String> command) {
        command.set(command.indexOf("-cp") + 1, Program.FOLDER + "/runner.jar");
        return command;
    }

    /// The JDK, and where some systems keep its configuration.
    private static List<Path> readable() {
        List<Path> paths = new ArrayList<>(List.of(HOME));
        try (var entries = Files.newDirectoryStream(Path.of("/etc"), "java*")) {
            entries.forEach(paths::add);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return paths;
    }

    private static byte[] runner() {
        var bytes = new java.io.ByteArrayOutputStream();
        try (var jar = new java.util.jar.JarOutputStream(bytes)) {
            for (Class<?> part : JavaRunner.parts()) {
                String name = part.getName().replace('.', '/') + ".class";
                jar.putNextEntry(new java.util.zip.ZipEntry(name));
                try (InputStream in = JavaRunner.class.getResourceAsStream("/" + name)) {
                    in.transferTo(jar);
                }
                jar.closeEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
