package dev.jackdaw.agent.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Hostile snippets, in every jail that works on this machine.
class SandboxTest {
    /// Generous, for a machine that is busy; what should be stopped earlier is.
    private static final Limits SHORT = Limits.usual().withSeconds(40);

    /// Every way that passes its trial; where there is none, the tests below are skipped and this says why.
    static Stream<Sandbox> sandboxes() {
        List<Sandbox> found = Sandbox.jails().stream().map(Sandbox::of).filter(sandbox -> sandbox.tryOut().isEmpty()).toList();
        assumeTrue(!found.isEmpty(), "no sandbox on this machine; to run these tests install bubblewrap (apt install bubblewrap)");
        return found.stream();
    }

    private static Outcome shell(Sandbox sandbox, Limits limits, String script) throws IOException {
        return sandbox.run(new Program(Map.of("main.sh", script.getBytes(StandardCharsets.UTF_8)), List.of("/bin/sh", Program.FOLDER + "/main.sh"), "", List.of(), 0), limits);
    }

    private static Outcome python(Sandbox sandbox, Limits limits, String source) throws IOException {
        assumeTrue(PythonProgram.isThere(), "no /usr/bin/python3; apt install python3");
        return sandbox.run(PythonProgram.of(source), limits);
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void runsAProgramAndTellsHowItEnded(Sandbox sandbox) throws IOException {
        Outcome outcome = sandbox.run(new Program(Map.of(), List.of("/bin/sh", "-c", "read x; echo \"got $x\"; echo oh >&2; exit 7"), "this\n", List.of(), 0), SHORT);
        assertThat(outcome.stdout()).isEqualTo("got this\n");
        assertThat(outcome.stderr()).isEqualTo("oh\n");
        assertThat(outcome.exitCode()).isEqualTo(7);
        assertThat(outcome.isClean()).isFalse();
        assertThat(shell(sandbox, SHORT, "exit 0").isClean()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void keepsTheLastWordsOfAQuickProgram(Sandbox sandbox) throws IOException {
        for (int i = 0; i < 10; i++) {
            assertThat(shell(sandbox, SHORT, "head -c 60000 /dev/zero | tr '\\0' x; printf end").stdout()).hasSize(60003).endsWith("xend");
        }
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void endsWhatDoesNotEnd(Sandbox sandbox) throws IOException {
        Outcome outcome = shell(sandbox, SHORT.withSeconds(0.5), "trap '' TERM INT HUP; while :; do :; done");
        assertThat(outcome.timedOut()).isTrue();
        assertThat(outcome.isClean()).isFalse();
        assertThat(outcome.seconds()).isBetween(0.5, 30.0);
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void aForkBombStaysSmall(Sandbox sandbox) throws IOException {
        Outcome outcome = shell(sandbox, SHORT.withSeconds(1.5).withProcesses(20), "b() { b | b & }; b; b; b; sleep 60; :");
        assertThat(outcome.isClean()).isFalse();
        Outcome counted = python(sandbox, SHORT.withProcesses(20), """
                import os, time
                made = 0
                try:
                    while made < 1000:
                        if os.fork() == 0:
                            time.sleep(60)
                            os._exit(0)
                        made += 1
                except OSError as e:
                    print('refused', made < 30)
                """);
        assertThat(counted.stdout()).as(counted.toString()).isEqualTo("refused True\n");
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void aMemoryBombIsStopped(Sandbox sandbox) throws IOException {
        Outcome one = python(sandbox, SHORT.withMemory(100 << 20), "x = []\nwhile True: x.append(bytearray(1 << 20))");
        assertThat(one.memoryExceeded()).as(one.toString()).isTrue();
        assertThat(one.isClean()).isFalse();
        Outcome together = python(sandbox, SHORT.withMemory(150 << 20), """
                import os, time
                for i in range(10):
                    if os.fork() == 0:
                        break
                x = bytearray(60 << 20)
                for i in range(0, len(x), 4096): x[i] = 1
                time.sleep(40)
                """);
        assertThat(together.memoryExceeded()).as("many small ones together: " + together).isTrue();
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void aFloodOfOutputIsCut(Sandbox sandbox) throws IOException {
        Outcome outcome = shell(sandbox, SHORT.withOutput(1000), "while :; do echo flood; done");
        assertThat(outcome.outputExceeded()).isTrue();
        assertThat(outcome.stdout()).hasSize(1000);
        assertThat(outcome.isClean()).isFalse();
        assertThat(shell(sandbox, SHORT.withOutput(1000), "while :; do echo flood >&2; done").outputExceeded()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void filesOfTheMachineAreNotThere(Sandbox sandbox, @TempDir Path folder) throws IOException {
        Path secret = Files.writeString(folder.resolve("secret"), "secret");
        Outcome outcome = shell(sandbox, SHORT, """
                cat /etc/shadow /etc/passwd /etc/hostname %s /proc/1/environ /proc/self/root%s
                ls /root /home /var /sys /mnt /etc %s
                echo "home: $HOME"
                ls -A /tmp
                """.formatted(secret, secret, System.getProperty("user.home")));
        assertThat(outcome.stdout().replace("\0", "")).as(outcome.toString()).doesNotContain("secret\n", "root:").endsWith("home: /tmp\n");
        assertThat(outcome.stderr()).contains("/etc/shadow", "No such file");
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void nothingCanBeChangedOrDeleted(Sandbox sandbox, @TempDir Path folder) throws IOException {
        Path victim = Files.writeString(folder.resolve("victim"), "whole");
        Outcome outcome = shell(sandbox, SHORT, """
                rm -rf --no-preserve-root /program /usr/bin/sh /lib /tmp/../dev 2>/dev/null
                echo broken >%s
                echo broken >/usr/lib/broken
                echo broken >/broken
                echo broken >/program/main.sh
                mkdir /usr/lib/broken /dev/broken
                mount -o remount,rw /usr/lib
                umount /program
                """.formatted(victim));
        assertThat(victim).hasContent("whole");
        assertThat(Path.of("/usr/lib/broken")).doesNotExist();
        assertThat(Path.of("/bin/sh")).exists();
        assertThat(outcome.isClean()).isFalse();
        assertThat(outcome.stderr()).contains("/usr/lib/broken", "/program/main.sh");
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void theOnlyPlaceToWriteIsSmallAndForgotten(Sandbox sandbox) throws IOException {
        assertThat(shell(sandbox, SHORT, "echo here >/tmp/x; cat /tmp/x").stdout()).isEqualTo("here\n");
        assertThat(shell(sandbox, SHORT, "ls /tmp").stdout()).isEmpty();
        Outcome full = shell(sandbox, SHORT, "for i in 1 2 3 4 5; do head -c 8000000 /dev/zero >/tmp/$i; done; du -sk /tmp | cut -f1");
        assertThat(Integer.parseInt(full.stdout().strip())).as(full.toString()).isLessThanOrEqualTo(16 << 10);
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void symbolicLinksEndInside(Sandbox sandbox, @TempDir Path folder) throws IOException {
        Path secret = Files.writeString(folder.resolve("secret"), "secret");
        Outcome outcome = shell(sandbox, SHORT, "ln -s %s /tmp/link; cat /tmp/link; ln -s ../../../../../../etc/shadow /tmp/up; cat /tmp/up; ln -s / /tmp/root; cat /tmp/root/etc/shadow; cd /tmp; mkdir a; cat a/../../../../etc/shadow"
                .formatted(secret));
        assertThat(outcome.stdout()).isEmpty();
        assertThat(outcome.isClean()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void thereIsNoNetwork(Sandbox sandbox) throws IOException {
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            Outcome outcome = python(sandbox, SHORT, """
                    import socket
                    for where in [('127.0.0.1', %d), ('1.1.1.1', 80)]:
                        try:
                            socket.create_connection(where, timeout=1)
                            print('connected')
                        except OSError as e:
                            print('refused')
                    try:
                        socket.getaddrinfo('example.org', 80)
                        print('resolved')
                    except OSError:
                        print('unknown')
                    """.formatted(server.getLocalPort()));
            assertThat(outcome.stdout()).as(outcome.toString()).isEqualTo("refused\nrefused\nunknown\n");
        }
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void otherProcessesCannotBeSeenOrKilled(Sandbox sandbox) throws Exception {
        Process victim = new ProcessBuilder("sleep", "60").start();
        try {
            Outcome outcome = shell(sandbox, SHORT, "kill -9 %d %d $PPID 1; kill -9 -1; ls /proc | grep -c '^[0-9]'".formatted(victim.pid(), ProcessHandle.current().pid()));
            assertThat(victim.isAlive()).isTrue();
            assertThat(outcome.timedOut()).isFalse();
        } finally {
            victim.destroyForcibly();
        }
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void childrenDoNotOutliveIt(Sandbox sandbox) throws Exception {
        String mark = "31" + System.nanoTime() % 1_000_000;
        Outcome outcome = shell(sandbox, SHORT, "(trap '' HUP TERM; setsid sleep %s >/dev/null 2>&1 &) ; sleep 0.2; echo left".formatted(mark));
        assertThat(outcome.stdout()).isEqualTo("left\n");
        assertThat(ProcessHandle.allProcesses().filter(process -> process.info().arguments().map(words -> List.of(words).contains(mark)).orElse(false))).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void theEnvironmentIsEmpty(Sandbox sandbox) throws IOException {
        assertThat(shell(sandbox, SHORT, "env").stdout().lines().map(line -> line.replaceAll("=.*", ""))).isSubsetOf("PATH", "HOME", "LANG", "PWD", "OLDPWD", "SHLVL", "_");
    }

    @ParameterizedTest
    @MethodSource("sandboxes")
    void noRightsAndNoWayToMoreOfThem(Sandbox sandbox) throws IOException {
        Outcome outcome = shell(sandbox, SHORT, """
                grep -E 'CapEff|CapPrm|CapBnd|NoNewPrivs' /proc/self/status
                unshare --user --map-root-user id && echo namespace
                mount -t tmpfs none /tmp && echo mounted
                chroot /tmp true && echo chroot
                su -c id && echo su
                """);
        assertThat(outcome.stdout()).isEqualTo("CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n");
    }

    @Test
    void theFilterRefusesMemoryThatNoLimitCounts() throws IOException {
        Sandbox sandbox = Sandbox.jails().stream().filter(jail -> jail instanceof Bubblewrap).map(Sandbox::of).filter(found -> found.tryOut().isEmpty()).findFirst().orElse(null);
        assumeTrue(sandbox != null, "no bubblewrap on this machine; apt install bubblewrap");
        assertThat(python(sandbox, SHORT, """
                import os
                try:
                    os.memfd_create('x')
                    print('made')
                except PermissionError:
                    print('refused')
                """).stdout()).isEqualTo("refused\n");
    }

    @Test
    void aRefusalSaysWhatToInstall() {
        assumeTrue(!Sandbox.missing().isEmpty(), "this machine has a sandbox");
        assertThatThrownBy(Sandbox::require).isInstanceOf(SandboxMissing.class).hasMessageContaining("install bubblewrap");
    }

    @Test
    void namesOfFilesAreNames() {
        assertThatThrownBy(() -> new Program(Map.of("../x", new byte[0]), List.of("/bin/true"), "", List.of(), 0)).hasMessageContaining("../x");
        assertThatThrownBy(() -> Limits.usual().withSeconds(0)).hasMessageContaining("0.0 seconds");
    }
}
