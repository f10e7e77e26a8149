package dev.jackdaw.agent.sandbox;

/// What a program may use.
///
/// @param seconds     by the clock, from start to end
/// @param memoryBytes of all its processes together
/// @param outputBytes on standard output, and as many on standard error
/// @param processes   and threads at the same time
/// @param fileBytes   in `/tmp`
public record Limits(double seconds, long memoryBytes, int outputBytes, int processes, long fileBytes) {
    public Limits {
        if (!(seconds > 0) || seconds > 86_400 || memoryBytes < 1 << 20 || outputBytes < 1 || processes < 1 || fileBytes < 4096) {
            throw new IllegalArgumentException("sandbox: " + seconds + " seconds, " + memoryBytes + " bytes of memory, " + outputBytes + " of output, " + processes + " processes, "
                    + fileBytes + " bytes of files; expected up to a day, at least 1 MiB of memory, 4096 bytes of files, and one of the others");
        }
    }

    /// Ten seconds, half a gigabyte.
    public static Limits usual() {
        return new Limits(10, 512L << 20, 1 << 16, 64, 16 << 20);
    }

    public Limits withSeconds(double other) {
        return new Limits(other, memoryBytes, outputBytes, processes, fileBytes);
    }

    public Limits withMemory(long bytes) {
        return new Limits(seconds, bytes, outputBytes, processes, fileBytes);
    }

    public Limits withOutput(int bytes) {
        return new Limits(seconds, memoryBytes, bytes, processes, fileBytes);
    }

    public Limits withProcesses(int other) {
        return new Limits(seconds, memoryBytes, outputBytes, other, fileBytes);
    }
}
