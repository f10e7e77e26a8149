package dev.jackdaw.agent.sandbox;

/// What a program is written in.
public enum Language {
    JAVA {
        @Override
        Program checked(String source, String word, Limits limits) {
            return JavaProgram.checked(source, word, limits);
        }

        @Override
        public void require() {
            JavaProgram.require();
        }
    },
    PYTHON {
        @Override
        Program checked(String source, String word, Limits limits) {
            return PythonProgram.checked(source, word);
        }

        @Override
        public void require() {
            PythonProgram.require();
        }
    };

    /// A program of which it matters whether it comes to its end.
    ///
    /// @throws SandboxMissing if the language is not there
    abstract Program checked(String source, String word, Limits limits);

    /// @throws SandboxMissing if the language is not there; it says what to install
    public abstract void require();
}
