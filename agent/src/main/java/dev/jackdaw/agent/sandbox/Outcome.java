package dev.jackdaw.agent.sandbox;

/// How a program ended.
///
/// @param exitCode          of its first process; -1 if it was killed
/// @param stdout            up to the limit; what is not UTF-8 became U+FFFD
/// @param stderr            likewise
/// @param timedOut          it did not end in time
/// @param memoryExceeded    it took, or was refused, more memory than it may have
/// @param outputExceeded    it wrote more than it may
/// @param processesExceeded it had more processes and threads than it may
/// @param seconds           by the clock
public record Outcome(int exitCode, String stdout, String stderr, boolean timedOut, boolean memoryExceeded, boolean outputExceeded, boolean processesExceeded, double seconds) {
    /// It ended by itself, with exit code 0.
    public boolean isClean() {
        return exitCode == 0 && !timedOut && !memoryExceeded && !outputExceeded && !processesExceeded;
    }

    /// In a few words.
    public String summary() {
        return timedOut ? "out of time" : memoryExceeded ? "out of memory" : outputExceeded ? "too much output" : processesExceeded ? "too many processes" : "exit code " + exitCode;
    }
}
