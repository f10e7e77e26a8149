package dev.jackdaw.agent.sandbox;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// Python, by the `python3` of the system; one of a user's home is not visible inside.
public final class PythonProgram {
    private static final String PYTHON = "/usr/bin/python3";

    /// Reads the word of success first, carries the program out, and says the word only if it came to its end.
    private static final String RUNNER = """
            def run():
                import sys, os
                word = sys.stdin.readline()
                out = os.dup(1)
                with open('/program/program.py', encoding='utf-8') as file:
                    code = compile(file.read(), 'program.py', 'exec')
                exec(code, {'__name__': '__main__'})
                sys.stdout.flush()
                os.write(out, ('\\n' + word).encode())
            run()
            """;

    private PythonProgram() {
    }

    public static boolean isThere() {
        return Files.isExecutable(Path.of(PYTHON));
    }

    /// A program to run as it is.
    public static Program of(String source) {
        return program(Map.of("program.py", bytes(source)), "program.py", "");
    }

    /// A program of which it matters whether it comes to its end: [Verdict#of].
    public static Program checked(String source, String word) {
        return program(Map.of("program.py", bytes(source), "runner.py", bytes(RUNNER)), "runner.py", word + "\n");
    }

    private static Program program(Map<String, byte[]> files, String main, String input) {
        require();
        return new Program(files, List.of(PYTHON, "-I", "-B", Program.FOLDER + "/" + main), input, List.of(), 64L << 20);
    }

    static void require() {
        if (!isThere()) {
            throw new SandboxMissing("sandbox: programs in Python need " + PYTHON + ", which is not there; install it (Debian, Ubuntu: apt install python3)");
        }
    }

    private static byte[] bytes(String source) {
        return source.getBytes(StandardCharsets.UTF_8);
    }
}
