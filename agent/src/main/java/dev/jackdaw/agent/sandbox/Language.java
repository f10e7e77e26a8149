package dev.jackdaw.agent.sandbox;

/// What a program is written in.
public enum Language {
    JAVA {
        @Override
        Program checked(String source, String word, Limits limits) {
            return JavaProgram.checked(source, word, limits);
        }
    },
    PYTHON {
        @Override
        Program checked(String source, String word, Limits limits) {
            return PythonProgram.checked(source, word);
        }
    };

    /// A program of which it matters whether it comes to its end.
    ///
    /// @throws SandboxMissing if the language is not there
    abstract Program checked(String source, String word, Limits limits);
}
