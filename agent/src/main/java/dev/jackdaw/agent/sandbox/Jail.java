package dev.jackdaw.agent.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/// A way to lock a process up: the command line that runs another one inside.
sealed interface Jail permits Bubblewrap, Namespaces {
    /// A user that owns nothing. Limits on processes do not hold for root, so root becomes this one first.
    String NOBODY = "65534";

    String name();

    /// @param folder on this machine: `files` with the program's files, `empty` for whoever needs one, `filter` of system calls
    List<String> command(Path folder, Program program, Limits limits);

    /// Folders and links of the system that every program needs to start.
    record Place(String path, String linkTo) {
    }

    /// System programs and libraries; links where the system has merged its folders.
    static List<Place> system() {
        List<Place> places = new ArrayList<>();
        for (String path : new String[] {"/usr/bin", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libexec", "/bin", "/lib", "/lib32", "/lib64"}) {
            Path file = Path.of(path);
            try {
                if (Files.isSymbolicLink(file)) {
                    places.add(new Place(path, Files.readSymbolicLink(file).toString()));
                } else if (Files.isDirectory(file)) {
                    places.add(new Place(path, null));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return places;
    }

    /// Folders that the program named and that are not part of the system's already.
    static List<String> more(Program program) {
        TreeSet<String> paths = new TreeSet<>();
        for (Path path : program.readable()) {
            String text = path.toAbsolutePath().normalize().toString();
            if (!text.startsWith("/usr/lib/") && !text.startsWith("/usr/bin/")) {
                paths.add(text);
            }
        }
        return List.copyOf(paths);
    }

    /// Runs what follows as a user without rights, and ends it when the thread that started it is gone.
    static List<String> unprivileged() {
        List<String> words = new ArrayList<>(List.of(tool("setpriv").orElse("setpriv"), "--pdeathsig=KILL"));
        if (isRoot()) {
            words.addAll(List.of("--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups"));
        }
        return words;
    }

    /// The limits of the kernel, set inside, so that they count only what is inside.
    static List<String> limited(Program program, Limits limits) {
        List<String> words = new ArrayList<>(List.of("/usr/bin/prlimit", "--nproc=" + (limits.processes() + 4), "--as=" + (limits.memoryBytes() + program.reserved()),
                "--fsize=" + limits.fileBytes(), "--nofile=256", "--core=0", "--memlock=65536", "--msgqueue=0", "--rtprio=0", "--sigpending=256",
                "--cpu=" + (long) Math.ceil(limits.seconds() * Runtime.getRuntime().availableProcessors() + 1), "--"));
        words.addAll(program.command());
        return words;
    }

    static boolean isRoot() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.anyMatch(line -> line.matches("Uid:\\s+\\d+\\s+0\\s.*"));
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    /// Where a program of the system is; never one that a user put in the way by `PATH`.
    static Optional<String> tool(String name) {
        return Stream.of("/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/").map(folder -> folder + name).filter(path -> Files.isExecutable(Path.of(path))).findFirst();
    }
}
