package dev.jackdaw.agent.sandbox;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// A filter of system calls for `seccomp` (Linux, `Documentation/userspace-api/seccomp_filter.rst`), as a program of the kernel's packet
/// filter that we write ourselves. It is not what makes the jail: it keeps a program from memory that no limit counts (`memfd`, System V)
/// and from parts of the kernel that no calculation needs. What is refused answers "not permitted".
final class SystemCalls {
    private static final int X86_64 = 0xC000003E, AARCH64 = 0xC00000B7;                 // linux/audit.h
    private static final int KILL = 0x80000000, REFUSE = 0x00050001, ALLOW = 0x7fff0000; // linux/seccomp.h; EPERM is 1
    private static final short LOAD = 0x20, JUMP_EQUAL = 0x15, JUMP_AT_LEAST = 0x35, RETURN = 0x06;
    private static final int NUMBER = 0, ARCHITECTURE = 4;                              // offsets in struct seccomp_data
    private static final int X32 = 0x40000000;

    /// Name, number on x86-64, number on arm64 (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h).
    private enum Refused {
        MEMFD_CREATE(319, 279), MEMFD_SECRET(447, 447), SHMGET(29, 194), MSGGET(68, 186), SEMGET(64, 190),
        ADD_KEY(248, 217), REQUEST_KEY(249, 218), KEYCTL(250, 219),
        PTRACE(101, 117), PROCESS_VM_READV(310, 270), PROCESS_VM_WRITEV(311, 271),
        BPF(321, 280), PERF_EVENT_OPEN(298, 241), USERFAULTFD(323, 282), IO_URING_SETUP(425, 425), IO_URING_ENTER(426, 426), IO_URING_REGISTER(427, 427),
        MOUNT(165, 40), UMOUNT2(166, 39), PIVOT_ROOT(155, 41), CHROOT(161, 51), UNSHARE(272, 97), SETNS(308, 268),
        OPEN_TREE(428, 428), MOVE_MOUNT(429, 429), FSOPEN(430, 430), FSCONFIG(431, 431), FSMOUNT(432, 432), FSPICK(433, 433), MOUNT_SETATTR(442, 442),
        NAME_TO_HANDLE_AT(303, 264), OPEN_BY_HANDLE_AT(304, 265),
        KEXEC_LOAD(246, 104), KEXEC_FILE_LOAD(320, 294), INIT_MODULE(175, 105), FINIT_MODULE(313, 273), DELETE_MODULE(176, 106),
        SYSLOG(103, 116), QUOTACTL(179, 60), ACCT(163, 89), SWAPON(167, 224), SWAPOFF(168, 225), REBOOT(169, 142);

        private final int x86;
        private final int arm;

        Refused(int x86, int arm) {
            this.x86 = x86;
            this.arm = arm;
        }
    }

    private SystemCalls() {
    }

    /// The filter for this machine.
    static byte[] filter() {
        boolean arm = System.getProperty("os.arch").equals("aarch64");
        ByteBuffer out = ByteBuffer.allocate(8 * (8 + 2 * Refused.values().length)).order(ByteOrder.LITTLE_ENDIAN);
        add(out, LOAD, 0, 0, ARCHITECTURE);
        add(out, JUMP_EQUAL, 1, 0, arm ? AARCH64 : X86_64);
        add(out, RETURN, 0, 0, KILL);                       // calls of another architecture have other numbers
        add(out, LOAD, 0, 0, NUMBER);
        if (!arm) {
            add(out, JUMP_AT_LEAST, 0, 1, X32);
            add(out, RETURN, 0, 0, REFUSE);
        }
        for (Refused call : Refused.values()) {
            add(out, JUMP_EQUAL, 0, 1, arm ? call.arm : call.x86);
            add(out, RETURN, 0, 0, REFUSE);
        }
        add(out, RETURN, 0, 0, ALLOW);
        byte[] filter = new byte[out.position()];
        out.flip().get(filter);
        return filter;
    }

    /// One instruction of 8 bytes: code, how many to skip if true, if false, and a number.
    private static void add(ByteBuffer out, short code, int skipTrue, int skipFalse, int k) {
        out.putShort(code).put((byte) skipTrue).put((byte) skipFalse).putInt(k);
    }
}
