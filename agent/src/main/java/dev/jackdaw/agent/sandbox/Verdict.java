package dev.jackdaw.agent.sandbox;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.HexFormat;

/// Whether a program with its tests came to its end. An exit code of 0 is not enough, for a program can give that whenever it likes: the
/// runner says a word nobody can guess after the last line.
///
/// @param outcome without the word
public record Verdict(boolean passed, Outcome outcome) {
    private static final SecureRandom RANDOM = new SecureRandom();

    /// Runs a source whose tests throw where they fail.
    public static Verdict of(Sandbox sandbox, Language language, String source, Limits limits) throws IOException {
        byte[] bytes = new byte[16];
        RANDOM.nextBytes(bytes);
        String word = HexFormat.of().formatHex(bytes);
        Outcome outcome = sandbox.run(language.checked(source, word, limits), limits);
        String said = '\n' + word + '\n', stdout = outcome.stdout();
        boolean passed = outcome.isClean() && stdout.endsWith(said);
        String without = stdout.endsWith(said) ? stdout.substring(0, stdout.length() - said.length()) : stdout;
        return new Verdict(passed, new Outcome(outcome.exitCode(), without, outcome.stderr(), outcome.timedOut(), outcome.memoryExceeded(), outcome.outputExceeded(),
                outcome.processesExceeded(), outcome.seconds()));
    }

    /// Why it did not pass, in a few words; `passed` if it did.
    public String summary() {
        if (passed) {
            return "passed";
        }
        if (outcome.isClean()) {
            return "ended before its tests were over";
        }
        String[] lines = outcome.stderr().strip().split("\n");
        String last = lines[lines.length - 1].strip(), first = lines[0].strip();
        String word = last.startsWith("at ") || last.startsWith("...") || last.matches("\\d+ errors?") ? first : last;
        return outcome.summary() + (word.isEmpty() ? "" : ": " + (word.length() > 200 ? word.substring(0, 200) + "…" : word));
    }
}
