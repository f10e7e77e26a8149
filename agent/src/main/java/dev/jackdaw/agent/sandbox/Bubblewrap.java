package dev.jackdaw.agent.sandbox;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The usual way: `bwrap` of the package bubblewrap, which builds a new root and namespaces of everything without any right of its own.
record Bubblewrap(String bwrap) implements Jail {
    @Override
    public String name() {
        return "bubblewrap";
    }

    @Override
    public List<String> command(Path folder, Program program, Limits limits) {
        List<String> words = new ArrayList<>(Jail.unprivileged());
        // descriptor 9 is the filter; a shell opens it, because Java hands on only the three standard ones
        words.addAll(List.of("/bin/sh", "-c", "exec 9<\"$0\" && exec \"$@\"", folder.resolve("filter").toString()));
        words.addAll(List.of(bwrap, "--unshare-all", "--unshare-user", "--uid", NOBODY, "--gid", NOBODY, "--disable-userns", "--cap-drop", "ALL", "--new-session", "--die-with-parent",
                "--hostname", "sandbox", "--clearenv", "--setenv", "PATH", "/usr/bin:/bin", "--setenv", "HOME", "/tmp", "--setenv", "LANG", "C.UTF-8"));
        for (Place place : Jail.system()) {
            words.addAll(place.linkTo() == null ? List.of("--ro-bind", place.path(), place.path()) : List.of("--symlink", place.linkTo(), place.path()));
        }
        for (String path : Jail.more(program)) {
            words.addAll(List.of("--ro-bind", path, path));
        }
        words.addAll(List.of("--ro-bind", folder.resolve("files").toString(), Program.FOLDER, "--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev",
                "--size", Long.toString(limits.fileBytes()), "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp", "--seccomp", "9", "--"));
        words.addAll(Jail.limited(program, limits));
        return words;
    }
}
