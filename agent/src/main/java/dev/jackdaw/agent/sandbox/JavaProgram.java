package dev.jackdaw.agent.sandbox;

import dev.jackdaw.agent.sandbox.inside.JavaRunner;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;

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
        require();
        long heap = Math.max(32, (limits.memoryBytes() >> 20) / 2);
        List<String> command = List.of(HOME.resolve("bin/java").toString(), "-Xmx" + heap + "m", "-Xms16m", "-Xss2m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-XX:ReservedCodeCacheSize=48m", "-XX:CompressedClassSpaceSize=64m", "-XX:MaxMetaspaceSize=128m", "-XX:MaxDirectMemorySize=64m", "-XX:-UsePerfData", "-XX:-UseContainerSupport",
                "-XX:+ExitOnOutOfMemoryError", "-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=/dev/null", "-Xshare:auto", "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8",
                "-Djava.io.tmpdir=/tmp", "-cp", Program.FOLDER + "/runner.jar", JavaRunner.class.getName(), Program.FOLDER + "/Program.java");
        return new Program(Map.of("Program.java", source.getBytes(StandardCharsets.UTF_8), "runner.jar", runner()), command, word + "\n", readable(), RESERVED);
    }

    static void require() {
        if (!Files.isExecutable(HOME.resolve("bin/javac"))) {
            throw new SandboxMissing("sandbox: programs in Java need a JDK, " + HOME + " has no bin/javac; start Jackdaw with a JDK");
        }
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

    /// The runner is some classes in a package, so it travels as a jar.
    private static byte[] runner() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes)) {
            for (Class<?> part : JavaRunner.parts()) {
                String name = part.getName().replace('.', '/') + ".class";
                jar.putNextEntry(new ZipEntry(name));
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
