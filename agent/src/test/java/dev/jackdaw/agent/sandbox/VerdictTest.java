package dev.jackdaw.agent.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Programs with tests: which pass, and which only pretend to.
class VerdictTest {
    private static final Limits LIMITS = Limits.usual().withSeconds(60).withMemory(600 << 20);

    @BeforeAll
    static void needsASandbox() {
        assumeTrue(Sandbox.missing().isEmpty(), Sandbox.missing());
    }

    private static Verdict java(String source) throws IOException {
        return Verdict.of(Sandbox.require(), Language.JAVA, source, LIMITS);
    }

    private static Verdict python(String source) throws IOException {
        assumeTrue(PythonProgram.isThere(), "no /usr/bin/python3; apt install python3");
        return Verdict.of(Sandbox.require(), Language.PYTHON, source, LIMITS);
    }

    @Test
    void javaPasses() throws IOException {
        Verdict verdict = java("import java.util.*; class Solution { int twice(int x) { return 2 * x; } }\n"
                + "public class Main { public static void main(String[] args) { if (new Solution().twice(4) != 8) throw new AssertionError(); System.out.print(\"fine\"); } }");
        assertThat(verdict.passed()).as(verdict.toString()).isTrue();
        assertThat(verdict.outcome().stdout()).isEqualTo("fine");
        assertThat(verdict.summary()).isEqualTo("passed");
    }

    @Test
    void javaFails() throws IOException {
        Verdict wrong = java("class Main { public static void main(String[] args) { throw new AssertionError(\"five\"); } }");
        assertThat(wrong.passed()).isFalse();
        assertThat(wrong.summary()).isEqualTo("exit code 1: java.lang.AssertionError: five");
        Verdict broken = java("class Main { int x = \"\"; }");
        assertThat(broken.passed()).isFalse();
        assertThat(broken.outcome().exitCode()).isEqualTo(2);
        assertThat(broken.outcome().stderr()).contains("incompatible types");
    }

    @Test
    void javaCannotPretend() throws IOException {
        Verdict exit = java("class Main { static { System.exit(0); } public static void main(String[] args) { throw new AssertionError(); } }");
        assertThat(exit.passed()).isFalse();
        assertThat(exit.summary()).isEqualTo("ended before its tests were over");
        Verdict halt = java("""
                import java.lang.reflect.*;
                class Main {
                    public static void main(String[] args) throws Exception {
                        System.out.println(new String(System.in.readAllBytes()));
                        Class<?> runner = Class.forName("dev.jackdaw.agent.sandbox.inside.JavaRunner", true, ClassLoader.getSystemClassLoader());
                        for (Field field : runner.getDeclaredFields()) {
                            field.setAccessible(true);
                            System.out.println(field.get(null));
                        }
                        Runtime.getRuntime().halt(0);
                    }
                }
                """);
        assertThat(halt.passed()).as(halt.toString()).isFalse();
        assertThat(halt.outcome().exitCode()).isZero();
    }

    @Test
    void javaIsLockedUp() throws IOException {
        Verdict verdict = java("""
                import java.io.*; import java.net.*; import java.nio.file.*; import java.util.*;
                class Main {
                    interface Action { Object run() throws Exception; }
                    static void refused(String name, Action action) {
                        try { System.out.println(name + " " + action.run()); throw new IllegalStateException(name); } catch (IllegalStateException e) { throw e; } catch (Exception e) { }
                    }
                    public static void main(String[] args) {
                        refused("shadow", () -> Files.readString(Path.of("/etc/shadow")));
                        refused("home", () -> Files.list(Path.of("%s")).count());
                        refused("socket", () -> new Socket("127.0.0.1", 22));
                        refused("write", () -> Files.writeString(Path.of(System.getProperty("java.home"), "x"), "x"));
                        refused("delete", () -> { Files.delete(Path.of("/program/Program.java")); return 1; });
                        System.out.print(System.getenv().keySet().stream().sorted().toList());
                        ProcessHandle.allProcesses().filter(p -> !p.equals(ProcessHandle.current())).forEach(p -> p.destroyForcibly());
                    }
                }
                """.formatted(System.getProperty("user.home")));
        assertThat(verdict.passed()).as(verdict.toString()).isTrue();
        assertThat(verdict.outcome().stdout()).as("PWD is set by some shells on the way").isIn("[HOME, LANG, PATH]", "[HOME, LANG, PATH, PWD]");
    }

    @Test
    void javaRunsOutOfMemory() throws IOException {
        Verdict verdict = java("import java.util.*; class Main { public static void main(String[] a) { List<byte[]> all = new ArrayList<>(); while (true) { try { all.add(new byte[1 << 20]); } catch (Throwable t) { } } } }");
        assertThat(verdict.passed()).isFalse();
        assertThat(verdict.outcome().memoryExceeded()).as(verdict.toString()).isTrue();
    }

    @Test
    void pythonPassesFailsAndCannotPretend() throws IOException {
        assertThat(python("def f(x):\n    return x + 1\nassert f(1) == 2\nprint('fine')").passed()).isTrue();
        Verdict wrong = python("assert 1 == 2, 'one is not two'");
        assertThat(wrong.passed()).isFalse();
        assertThat(wrong.summary()).isEqualTo("exit code 1: AssertionError: one is not two");
        assertThat(python("import sys\nsys.exit(0)").summary()).isEqualTo("ended before its tests were over");
        assertThat(python("import os\nos._exit(0)\nassert False").passed()).isFalse();
        assertThat(python("import sys\nprint(sys.stdin.read())\nimport os; os._exit(0)").passed()).isFalse();
    }

    @Test
    void aCompactSourceFileRuns() throws IOException {
        assertThat(Sandbox.require().run(JavaProgram.of("void main() { IO.print(6 * 7); }", LIMITS), LIMITS).stdout()).isEqualTo("42");
    }
}
