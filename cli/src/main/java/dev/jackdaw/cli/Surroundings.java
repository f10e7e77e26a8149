package dev.jackdaw.cli;

import com.sun.management.HotSpotDiagnosticMXBean;
import dev.jackdaw.tensor.Machine;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import jdk.incubator.vector.FloatVector;

/// What the JVM and the operating system tell about this machine, without measuring anything.
///
/// @param vectorBits the widest vectors the Vector API offers here; 0 without its module
/// @param tierTwo    the JVM may leave kernels in code of its second tier, which has no vectors
record Surroundings(Jdk jdk, Processor processor, int vectorBits, boolean nativeAccess, boolean tierTwo, Memory memory, List<Disk> disks) {
    /// @param sources `lib/src.zip`, or null where the JDK came without
    record Jdk(String version, String vendor, String home, List<String> options, String sources, long sourcesBytes, long heapBytes,
            String collector) {
    }

    /// @param count processors this process may use
    /// @param instructions those that matter for kernels, by their names in `/proc/cpuinfo`
    /// @param load processes that wanted to run in the last minute, on average
    record Processor(String name, int count, List<String> instructions, double load) {
    }

    record Memory(long totalBytes, long availableBytes) {
    }

    record Disk(String path, long freeBytes) {
    }

    /// How many methods wait for the last compiler before new ones are compiled at tier 2; docs/DESIGN.md, "Stuck in tier 2".
    private static final String TIER_TWO = "Tier3DelayOn";
    private static final long ENOUGH_MEMORY = 2L << 30;
    private static final long ENOUGH_DISK = 1L << 30;
    private static final Set<String> INSTRUCTIONS_THAT_MATTER = Set.of("sse4_2", "avx", "avx2", "fma", "f16c", "avx_vnni", "avx512f",
            "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16",
            "asimd", "asimdhp", "asimddp", "sve", "sve2", "i8mm", "bf16");

    static Surroundings inspect() {
        return new Surroundings(findJdk(), findProcessor(), vectorBitsOfTheJvm(), Surroundings.class.getModule().isNativeAccessEnabled(), usesTierTwo(), findMemory(),
                List.of(diskAt(Path.of("").toAbsolutePath()), diskAt(Path.of(System.getProperty("user.home")))));
    }

    /// What stands in the way of building or running a model here, each with its cure.
    List<String> problems() {
        var problems = new ArrayList<String>();
        if (vectorBits == 0) {
            problems.add("the module jdk.incubator.vector is not loaded; start with the jackdaw script, or add "
                    + "--add-modules=jdk.incubator.vector");
        }
        if (!nativeAccess) {
            problems.add("Java warns about native access; start with the jackdaw script, or add --enable-native-access=ALL-UNNAMED");
        }
        if (tierTwo) {
            problems.add("kernels may run a hundred times slower than they can; start with the jackdaw script, or add -XX:" + TIER_TWO + "=1000000");
        }
        if (jdk.sources == null) {
            problems.add("this JDK has no lib/src.zip, from which speedrun learns; install it (Debian, Ubuntu: apt install "
                    + "openjdk-25-source; Fedora: dnf install java-25-openjdk-src; other builds carry it) or give speedrun --data DIR");
        }
        if (memory.availableBytes < ENOUGH_MEMORY) {
            problems.add(DoctorCommand.bytes(memory.availableBytes) + " of memory are available; the default speedrun wants "
                    + DoctorCommand.bytes(ENOUGH_MEMORY) + ": stop other programs or choose a smaller model");
        }
        for (Disk disk : disks) {
            if (disk.freeBytes < ENOUGH_DISK) {
                problems.add(DoctorCommand.bytes(disk.freeBytes) + " are free at " + disk.path + "; a run with its checkpoints wants "
                        + DoctorCommand.bytes(ENOUGH_DISK));
            }
        }
        if (processor.load > processor.count) {
            problems.add("other programs keep the processor busy (load " + String.format(java.util.Locale.ROOT, "%.1f", processor.load)
                    + " on " + processor.count + "); measurements and training will be slower than this machine can");
        }
        return problems;
    }

    private static boolean usesTierTwo() {
        try {
            return Integer.parseInt(ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class).getVMOption(TIER_TWO).getValue()) < 1000;
        } catch (IllegalArgumentException | NullPointerException e) {
            return false;                       // another JVM, without this option
        }
    }

    private static Jdk findJdk() {
        Path sources = Path.of(System.getProperty("java.home"), "lib", "src.zip");
        long sourcesBytes = 0;
        try {
            sourcesBytes = Files.size(sources);
        } catch (IOException _) {
            sources = null;
        }
        List<String> options = ManagementFactory.getRuntimeMXBean().getInputArguments();
        String collector = String.join(", ", ManagementFactory.getGarbageCollectorMXBeans().stream()
                .map(java.lang.management.GarbageCollectorMXBean::getName).toList());
        return new Jdk(System.getProperty("java.runtime.version"), System.getProperty("java.vendor"), System.getProperty("java.home"),
                options, sources == null ? null : sources.toString(), sourcesBytes, Runtime.getRuntime().maxMemory(), collector);
    }

    private static Processor findProcessor() {
        Map<String, String> cpu = keysAndValues(Path.of("/proc/cpuinfo"));
        String flags = cpu.getOrDefault("flags", cpu.getOrDefault("Features", ""));
        List<String> instructions = Arrays.stream(flags.split(" ")).filter(INSTRUCTIONS_THAT_MATTER::contains).toList();
        double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        return new Processor(Machine.processor(), Runtime.getRuntime().availableProcessors(), instructions, Math.max(0, load));
    }

    private static Memory findMemory() {
        // Inside a container the bean knows the container's limits; the operating system's answer counts what can be reclaimed as well.
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        long total = system.getTotalMemorySize();
        long available = Machine.availableBytes();
        return new Memory(total, available < 0 || available > total ? system.getFreeMemorySize() : available);
    }

    private static Disk diskAt(Path path) {
        return new Disk(path.toString(), path.toFile().getUsableSpace());
    }

    private static int vectorBitsOfTheJvm() {
        if (ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty()) {
            return 0;
        }
        return FloatVector.SPECIES_PREFERRED.vectorBitSize();
    }

    /// The lines `key : value` of a file in `/proc`, the first value of each key; empty where there is no such file.
    private static Map<String, String> keysAndValues(Path file) {
        var values = new LinkedHashMap<String, String>();
        try {
            for (String line : Files.readAllLines(file)) {
                int colon = line.indexOf(':');
                if (colon > 0) {
                    values.putIfAbsent(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
                }
            }
        } catch (IOException _) {
            return Map.of();      // not Linux
        }
        return values;
    }
}
