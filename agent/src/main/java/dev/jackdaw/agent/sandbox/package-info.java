/// # Programs that nobody has read
/// [Sandbox] runs a program written by a model, or by anybody, and comes back with an [Outcome]. Read in this order: [Limits] (what it may
/// use), [Program] (what is run, and the two makers [JavaProgram] and [PythonProgram]), [Sandbox] (finds a jail once, by trying it), `Jail`
/// with `Bubblewrap` and `Namespaces` (the command lines that lock a process up), `Watch` (memory and processes while it runs),
/// `SystemCalls` (the filter in front of the kernel).
///
/// ## What it covers
/// | a program that …                    | meets                                                                                      |
/// |-------------------------------------|--------------------------------------------------------------------------------------------|
/// | never ends                          | the clock: everything in the jail is killed at once                                        |
/// | forks for ever                      | `RLIMIT_NPROC` in its own user namespace, and the watch                                    |
/// | fills memory                        | `RLIMIT_AS` for each process, and the watch over the memory of all of them together        |
/// | floods its output                   | the cap; it is killed when it is over                                                      |
/// | fills the disk                      | the only place to write is `/tmp`, a file system in memory of a fixed size                 |
/// | reads files of the machine          | a root of its own: system programs and libraries, the JDK, its own files; no `/etc`, no home, no `/sys` |
/// | changes or deletes files            | all of that is mounted read-only                                                           |
/// | follows or plants symbolic links    | they end in its own root; nothing it wrote outlives it                                     |
/// | opens sockets                       | a network namespace without a network                                                      |
/// | kills or watches other processes    | a process namespace of its own                                                             |
/// | leaves children behind              | they end with the first process of the jail                                                |
/// | reads the environment               | an empty one                                                                               |
/// | becomes another user                | no capabilities, no set-uid, no further user namespaces                                    |
/// | ends early to look successful       | success is a word that the runner says after the tests, and the program is not told it     |
///
/// If Jackdaw itself dies, by `kill -9` too, the kernel ends the jail with it.
///
/// ## What it does not cover
/// * A flaw of the kernel. The filter of system calls keeps the most exotic ones away; the rest is what every container relies on.
/// * Memory of the kernel itself (pipes, page tables, empty files in `/tmp`): bounded by time and the other limits only.
/// * The watch looks every few milliseconds; in between a program may hold more, up to `RLIMIT_AS` for each of its processes.
/// * Side channels: the time, `/proc/cpuinfo`, `/proc/meminfo`, how busy the machine is.
/// * A program that looks for the word of success in its own process. In Java it is in no field; in Python the frames can be searched.
///   Whoever measures a model that may cheat compares what a function returns from outside.
///
/// Where neither way to lock a program up works, nothing is run: [Sandbox#require] says what to install.
package dev.jackdaw.agent.sandbox;
