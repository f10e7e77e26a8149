package dev.jackdaw.agent.sandbox;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/// Runs programs that nobody has read. What they can and cannot do stands in the page of this package.
///
/// ```java
/// Outcome outcome = Sandbox.require().run(PythonProgram.of("print(6 * 7)"), Limits.usual());
/// ```
///
/// Any thread may call it, several at a time. Knows nothing of languages ([JavaProgram], [PythonProgram]).
public final class Sandbox {
    private static final long LOOK_MILLIS = 20;
    private static final String CLOSED = "closed";
    /// Looks for ways out. Says `closed` only if it found none.
    private static final String TRIAL = """
            for path in /etc/shadow /etc/passwd /root /home /sys/kernel /var "$1"; do
              [ -e "$path" ] && echo "can see $path"
            done
            for path in /usr/lib /usr/bin /program / /dev; do
              (: >"$path/trial") 2>/dev/null && echo "can write to $path"
            done
            (: >/tmp/trial) 2>/dev/null || echo "cannot write to /tmp"
            set -- /proc/[0-9]*
            [ $# -lt 9 ] || echo "can see $# processes"
            links=0
            while read -r name rest; do case $name in *:) links=$((links + 1)) ;; esac; done </proc/net/dev
            [ $links -lt 2 ] || echo "can see $links network links"
            kept=1
            while read -r name value; do case $name in CapEff:|CapBnd:) [ "$value" = 0000000000000000 ] || kept=0 ;; NoNewPrivs:) [ "$value" = 1 ] || kept=0 ;; esac; done </proc/self/status
            [ $kept = 1 ] || echo "keeps rights"
            [ "${JACKDAW_TRIAL-}" = "" ] || echo "can see the environment"
            unshare --user true 2>/dev/null && echo "can make user namespaces"
            echo closed
            """;

    /// Started from one thread that never ends: the kernel kills a jail when the thread that started it is gone.
    private static final ExecutorService STARTER = Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("jackdaw-sandbox").factory());

    /// What was found on this machine: a sandbox, or why there is none.
    private record Found(Sandbox sandbox, String missing) {
    }

    private static final class Holder {
        private static final Found FOUND = find();
    }

    private final Jail jail;

    private Sandbox(Jail jail) {
        this.jail = jail;
    }

    /// The sandbox of this machine. Tried once, in earnest, then remembered.
    ///
    /// @throws SandboxMissing if there is none; it says what to install
    public static Sandbox require() {
        if (Holder.FOUND.sandbox == null) {
            throw new SandboxMissing(Holder.FOUND.missing);
        }
        return Holder.FOUND.sandbox;
    }

    /// Why [#require] would refuse; empty if it would not.
    public static String missing() {
        return Holder.FOUND.sandbox == null ? Holder.FOUND.missing : "";
    }

    /// How programs are locked up here, for people.
    public String name() {
        return jail.name();
    }

    private static Found find() {
        List<String> reasons = new ArrayList<>();
        for (Jail jail : jails()) {
            Sandbox candidate = new Sandbox(jail);
            String reason = candidate.tryOut();
            if (reason.isEmpty()) {
                return new Found(candidate, "");
            }
            reasons.add(jail.name() + ": " + reason);
        }
        return new Found(null, "sandbox: no way to lock a foreign program up was found, so it is not run; install bubblewrap (Debian, Ubuntu: apt install bubblewrap; Fedora: dnf install bubblewrap)"
                + " and allow user namespaces" + (reasons.isEmpty() ? "" : "; tried " + String.join("; ", reasons)));
    }

    /// Ways that could work here, the better one first.
    static List<Jail> jails() {
        List<Jail> jails = new ArrayList<>();
        boolean isLinux = System.getProperty("os.name").equals("Linux");
        if (isLinux && Jail.tool("setpriv").isPresent() && Files.isExecutable(Path.of("/usr/bin/prlimit"))) {
            Jail.tool("bwrap").ifPresent(path -> jails.add(new Bubblewrap(path)));
            Jail.tool("unshare").ifPresent(path -> jails.add(new Namespaces(path)));
        }
        return jails;
    }

    static Sandbox of(Jail jail) {
        return new Sandbox(jail);
    }

    /// Runs a program that looks for ways out; empty if it found none, else what went wrong.
    String tryOut() {
        try {
            Program trial = new Program(Map.of("trial.sh", TRIAL.getBytes(StandardCharsets.UTF_8)),
                    List.of("/bin/sh", Program.FOLDER + "/trial.sh", System.getProperty("user.home")), "", List.of(), 0);
            Outcome outcome = run(trial, Limits.usual());
            return outcome.isClean() && outcome.stdout().strip().equals(CLOSED) ? ""
                    : outcome.summary() + " " + (outcome.stdout().replace(CLOSED, "") + " " + outcome.stderr()).strip().replaceAll("\\s*\\n\\s*", ", ");
        } catch (IOException e) {
            return e.getMessage();
        }
    }

    /// Runs it and waits for its end. When this returns, nothing of it is left.
    public Outcome run(Program program, Limits limits) throws IOException {
        Path folder = Files.createTempDirectory("jackdaw-sandbox");
        try {
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));   // entered by name, not listed
            Path files = Files.createDirectory(folder.resolve("files")), empty = Files.createDirectory(folder.resolve("empty"));
            for (Map.Entry<String, byte[]> file : program.files().entrySet()) {
                readable(Files.write(files.resolve(file.getKey()), file.getValue()), "rw-r--r--");
            }
            readable(Files.write(folder.resolve("filter"), SystemCalls.filter()), "rw-r--r--");
            readable(files, "rwxr-xr-x");
            readable(empty, "rwxr-xr-x");
            return run(jail.command(folder, program, limits), program.input(), limits);
        } finally {
            try (Stream<Path> paths = Files.walk(folder)) {
                for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }

    private static void readable(Path path, String permissions) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private static Outcome run(List<String> command, String input, Limits limits) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.directory(Path.of("/").toFile());
        builder.environment().put("JACKDAW_TRIAL", "1");           // the trial looks for it inside
        Process process = start(builder);
        long start = System.nanoTime(), end = start + (long) (limits.seconds() * 1e9);
        AtomicBoolean flood = new AtomicBoolean();
        Stream<Collector> collectors = Stream.of(process.getInputStream(), process.getErrorStream()).map(in -> new Collector(in, limits.outputBytes(), process, flood));
        List<Collector> both = collectors.toList();
        Thread writer = Thread.ofVirtual().start(() -> write(process.getOutputStream(), input));
        boolean timedOut = false, memory = false, processes = false;
        try {
            Watch watch = new Watch(process.pid());
            while (!process.waitFor(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                watch.look();
                timedOut = System.nanoTime() > end;
                memory = watch.bytes() > limits.memoryBytes() || Watch.isMachineFull();
                processes = watch.tasks() > limits.processes() + 16;      // the jail has a few of its own; the kernel's limit is met first
                if (timedOut || memory || processes) {
                    kill(process);
                    break;
                }
            }
            int exitCode = process.waitFor();
            String stdout = both.get(0).text(), stderr = both.get(1).text();
            writer.join();
            boolean killed = timedOut || memory || processes || flood.get();
            return new Outcome(killed ? -1 : exitCode, stdout, stderr, timedOut, memory || !killed && exitCode != 0 && saysOutOfMemory(stdout, stderr), flood.get(), processes,
                    (System.nanoTime() - start) / 1e9);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("sandbox: interrupted", e);
        } finally {
            process.destroyForcibly();
        }
    }

    /// By its handle: [Process#destroyForcibly] would also close the streams before they are read to their end.
    private static void kill(Process process) {
        process.toHandle().destroyForcibly();
    }

    /// What Java and Python say when they are refused memory.
    private static boolean saysOutOfMemory(String stdout, String stderr) {
        return stdout.contains("Terminating due to java.lang.OutOfMemoryError") || stderr.contains("java.lang.OutOfMemoryError") || stderr.stripTrailing().endsWith("MemoryError");
    }

    private static Process start(ProcessBuilder builder) throws IOException {
        try {
            return STARTER.submit(builder::start).get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("sandbox: interrupted", e);
        } catch (ExecutionException e) {
            throw new IOException("sandbox: " + e.getCause().getMessage(), e.getCause());
        }
    }

    private static void write(OutputStream out, String input) {
        try (out) {
            out.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            return;                                                       // it does not want to read it
        }
    }

    /// Reads one stream to its end; kills the process when it is too long.
    private static final class Collector {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final Thread thread;

        Collector(InputStream in, int most, Process process, AtomicBoolean flood) {
            thread = Thread.ofVirtual().start(() -> {
                byte[] buffer = new byte[8192];
                try (in) {
                    for (int n; (n = in.read(buffer)) >= 0; ) {
                        if (n > most - bytes.size()) {
                            bytes.write(buffer, 0, most - bytes.size());
                            flood.set(true);
                            kill(process);
                            return;
                        }
                        bytes.write(buffer, 0, n);
                    }
                } catch (IOException e) {
                    return;                                               // killed
                }
            });
        }

        String text() throws InterruptedException {
            thread.join();
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }
}
