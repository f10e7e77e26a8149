/// # The one executable
/// One file per command. The `Main` class (in `src/main/java8`, so that an old Java can still complain) hands over to [JackdawCommand],
/// which knows every command; each command parses its options, calls the libraries and prints. No command computes anything itself.
///
/// Shared by all: [CommonOptions] (`--json`, `--threads`, `--seed`, `--debug`), [Output] (what goes where), [Json], [ProgressBar],
/// [TextArgument] (`-` and `@FILE`), [Failures] (one sentence and an exit code).
///
/// To add a command: one file here, one line in [JackdawCommand], a test that runs it in the same JVM. See `docs/ADDING.md`.
///
/// Not here: anything a Java program would want to call; that lives in the modules below.
package dev.jackdaw.cli;
