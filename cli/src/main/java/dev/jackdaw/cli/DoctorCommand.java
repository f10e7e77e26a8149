package dev.jackdaw.cli;

import dev.jackdaw.bench.MatMulBench;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.Limits;
import dev.jackdaw.tensor.Switches;
import dev.jackdaw.tensor.kernel.asm.Isa;
import dev.jackdaw.tensor.kernel.asm.MachineCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `jackdaw doctor`: what this machine offers, what we make of it, and what to do about what is missing.
@Command(name = "doctor", description = "Show the JDK, the processor, the kernels in use and their measured limits, memory and disk; "
        + "say what is wrong and how to cure it.")
final class DoctorCommand implements Runnable {
    private static final int SIZE = 768;
    /// A matrix product that reaches less of the peak than this is a problem worth a report.
    private static final double ENOUGH = 0.5;

    @Mixin
    private CommonOptions common;

    @Option(names = "--quick", description = "Leave out the measurements, which take a few seconds.")
    private boolean quick;

    /// What `--json` prints.
    ///
    /// @param limits       what this machine can do at best, with one thread and with all; null with `--quick`
    /// @param matmulGflops what a matrix product of 768³ reaches with all threads; null with `--quick`
    /// @param problems     each says what is wrong and how to cure it; empty on a good machine
    /// @param machineCode  which machine code the kernels use, or why none
    /// @param activations  `q8` where products with quantised weights are faster in bytes, else `f32`
    record Report(String jackdaw, Surroundings.Jdk jdk, Surroundings.Processor processor, Vectors vectors, String machineCode, Activations activations, int threads,
            List<Limits> limits, Double matmulGflops, Surroundings.Memory memory, List<Surroundings.Disk> disks, List<String> problems) {
    }

    /// @param kernels `simd` (Vector API) or `scalar` (plain loops)
    /// @param bits vector width the kernels use
    /// @param machineBits widest vectors this JVM offers
    record Vectors(String kernels, int bits, int machineBits) {
    }

    @Override
    public void run() {
        Output output = common.output();
        Surroundings machine = Surroundings.inspect();
        var vectors = vectors(machine);
        var problems = new ArrayList<>(machine.problems());
        problems.addAll(problems(machine, vectors));
        boolean measure = !quick && !vectors.kernels().equals("scalar");
        int threads = common.threads();
        List<Limits> limits = !measure ? null : threads == 1 ? List.of(Limits.measure(1)) : List.of(Limits.measure(1), Limits.measure(threads));
        Double matmul = measure ? MatMulBench.run(SIZE, SIZE, SIZE, threads).gflops() : null;
        if (measure && matmul < ENOUGH * limits.getLast().gflops()) {
            problems.add(String.format(Locale.ROOT, "matrix products reach %.0f of %.0f GFLOP/s; if no other program is running, please report this "
                    + "with the output of doctor --json", matmul, limits.getLast().gflops()));
        }
        var report = new Report(JackdawCommand.version(), machine.jdk(), machine.processor(), vectors, MachineCode.current().description(), Activations.fast(), threads, limits, matmul,
                machine.memory(), machine.disks(), problems);
        output.json(report);
        print(report, output);
    }

    private static Vectors vectors(Surroundings machine) {
        int machineBits = machine.vectorBits();
        if (Switches.SCALAR || machineBits == 0) {
            return new Vectors("scalar", 0, machineBits);
        }
        return new Vectors("simd", Switches.VECTOR_BITS == 0 ? machineBits : Switches.VECTOR_BITS, machineBits);
    }

    private static List<String> problems(Surroundings machine, Vectors vectors) {
        var problems = new ArrayList<String>();
        if (vectors.kernels().equals("scalar")) {
            problems.add("the kernels are plain loops, many times slower than the Vector API; start with the jackdaw script and without "
                    + "-Djackdaw.kernels=scalar");
        } else if (vectors.bits() != vectors.machineBits()) {
            problems.add("the kernels use " + vectors.bits() + "-bit vectors, this machine has " + vectors.machineBits()
                    + "; leave -Djackdaw.vectorBits out");
        }
        if (machine.processor().instructions().contains("avx512f") && vectors.machineBits() < 512 && vectors.machineBits() > 0) {
            problems.add("the processor has AVX-512 but this JVM uses " + vectors.machineBits()
                    + "-bit vectors; if the processor is not an old one try JACKDAW_JAVA_OPTS=-XX:UseAVX=3");
        }
        MachineCode code = MachineCode.current();
        if (code.isa() == Isa.NONE && MachineCode.isSupported()) {
            problems.add("quantised models run several times slower without machine code: " + code.reason()
                    + "; allow the process executable memory (SELinux: execmem), or leave -Djackdaw.isa out");
        }
        return problems;
    }

    private static void print(Report report, Output output) {
        Surroundings.Jdk jdk = report.jdk();
        row(output, "jackdaw", report.jackdaw());
        row(output, "java", jdk.version() + ", " + jdk.vendor() + ", " + jdk.home());
        row(output, "java options", String.join(" ", jdk.options()));
        row(output, "java sources", jdk.sources() == null ? "none" : jdk.sources() + ", " + bytes(jdk.sourcesBytes()));
        row(output, "java heap", bytes(jdk.heapBytes()) + " at most, " + jdk.collector());
        row(output, "processor", report.processor().name() + ", " + report.processor().count() + " available, load "
                + String.format(Locale.ROOT, "%.1f", report.processor().load()));
        row(output, "instructions", String.join(" ", report.processor().instructions()));
        Vectors vectors = report.vectors();
        row(output, "kernels", vectors.kernels() + (vectors.bits() > 0 ? ", " + vectors.bits() + "-bit vectors" : "") + ", "
                + report.threads() + " threads");
        row(output, "machine code", report.machineCode());
        row(output, "activations", report.activations() + " for chat, bench run and bench serve; f32 elsewhere; --activations chooses");
        if (report.limits() != null) {
            for (Limits limits : report.limits()) {
                row(output, "at best", String.format(Locale.ROOT, "%.0f GFLOP/s float32, %.1f GB/s read, with %d thread%s", limits.gflops(),
                        limits.gigabytesPerSecond(), limits.threads(), limits.threads() == 1 ? "" : "s"));
            }
            row(output, "matrix product", String.format(Locale.ROOT, "%.0f GFLOP/s, %.0f%% of the best", report.matmulGflops(),
                    100 * report.matmulGflops() / report.limits().getLast().gflops()));
        }
        row(output, "memory", bytes(report.memory().availableBytes()) + " available of " + bytes(report.memory().totalBytes()));
        for (Surroundings.Disk disk : report.disks()) {
            row(output, "disk", bytes(disk.freeBytes()) + " free at " + disk.path());
        }
        if (report.problems().isEmpty()) {
            output.line(output.good("No problems found."));
        }
        for (String problem : report.problems()) {
            output.line(output.warning("problem: ") + problem);
        }
    }

    private static void row(Output output, String name, String value) {
        output.line(output.bold(name) + " ".repeat(Math.max(1, 16 - name.length())) + value);
    }

    static String bytes(long bytes) {
        return bytes < 10 << 20 ? bytes / 1024 + " KiB" : bytes < 10L << 30 ? bytes / (1 << 20) + " MiB" : bytes / (1 << 30) + " GiB";
    }
}
