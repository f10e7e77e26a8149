package dev.jackdaw.agent.sandbox;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The same by hand, with `unshare`, `mount`, `pivot_root` and `setpriv` of util-linux, where bubblewrap is not installed. Without the filter
/// of system calls; everything else is equal and goes through the same trial and the same tests.
record Namespaces(String unshare) implements Jail {
    /// In the new namespaces, still with all rights over them: builds the root, moves into it, and gives the rights up.
    private static final String BUILD = """
            set -e
            root=$1 files=$2 size=$3
            shift 3
            mount -t tmpfs -o size=1m,mode=755 sandbox "$root"
            mkdir "$root/proc" "$root/dev" "$root/tmp" "$root/program" "$root/old"
            put() {
              mount --bind "$1" "$root$2"
              mount -o remount,bind,ro,nosuid,nodev "$root$2"
            }
            while [ "$1" != -- ]; do
              case $1 in
                link) mkdir -p "$root${3%/*}"; ln -s "$2" "$root$3"; shift 3 ;;
                bind) mkdir -p "$root$2"; put "$2" "$2"; shift 2 ;;
              esac
            done
            shift
            put "$files" /program
            for device in null zero random urandom; do
              : >"$root/dev/$device"
              mount --bind "/dev/$device" "$root/dev/$device"
            done
            mount -t tmpfs -o "size=$size,mode=1777,nosuid,nodev" tmp "$root/tmp"
            mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
            cd "$root"
            pivot_root . old
            umount -l /old
            rmdir /old
            echo 0 >/proc/sys/user/max_user_namespaces
            mount -o remount,bind,ro,nosuid,nodev /
            cd /tmp
            exec setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all --no-new-privs env -i PATH=/usr/bin:/bin HOME=/tmp LANG=C.UTF-8 "$@"
            """;

    @Override
    public String name() {
        return "unshare";
    }

    @Override
    public List<String> command(Path folder, Program program, Limits limits) {
        List<String> words = new ArrayList<>(Jail.unprivileged());
        words.addAll(List.of("/usr/bin/env", "-i", "PATH=/usr/bin:/bin:/usr/sbin:/sbin", unshare, "--user", "--map-root-user", "--mount", "--pid", "--fork", "--kill-child=KILL", "--net", "--ipc",
                "--uts", "--cgroup", "setsid", "--wait", "/bin/sh", "-c", BUILD, "sandbox", folder.resolve("empty").toString(), folder.resolve("files").toString(), Long.toString(limits.fileBytes())));
        for (Place place : Jail.system()) {
            words.addAll(place.linkTo() == null ? List.of("bind", place.path()) : List.of("link", place.linkTo(), place.path()));
        }
        for (String path : Jail.more(program)) {
            words.addAll(List.of("bind", path));
        }
        words.add("--");
        words.addAll(Jail.limited(program, limits));
        return words;
    }
}
