package dev.jackdaw.cli;

import dev.jackdaw.bench.KernelBench;
import dev.jackdaw.tensor.Activations;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Limits;
import dev.jackdaw.tensor.kernel.asm.Isa;
import dev.jackdaw.tensor.kernel.asm.MachineCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `jackdaw bench kernel`: the linear layer of inference, format by format, beside the limits of processor and memory.
@Command(name = "kernel", description = "Time the linear layer of inference over packed weights: one row of x (decoding) and many (prefill).")
final class BenchKernelCommand implements Runnable {
    private static final Pattern SHAPE = Pattern.compile("(\\d{1,6})x(\\d{1,6})");

    @Mixin
    private CommonOptions common;

    @Option(names = "--type", paramLabel = "TYPE", split = ",", defaultValue = "Q8_0,Q4_0,Q4_K,Q6_K",
            description = "Number formats of the weight. Default: ${DEFAULT-VALUE}")
    private List<DType> types;

    @Option(names = "--shape", paramLabel = "FxC", defaultValue = "2048x2048", description = "Rows and columns of the weight. Default: ${DEFAULT-VALUE}")
    private String shape;

    @Option(names = "--rows", paramLabel = "N", split = ",", defaultValue = "1,16,256", description = "Rows of x. Default: ${DEFAULT-VALUE}")
    private List<Integer> rows;

    @Option(names = "--activations", paramLabel = "WAY", defaultValue = "q8", description = "f32 or q8: how x is multiplied. Default: ${DEFAULT-VALUE}")
    private String activations;

    @Override
    public void run() {
        Output output = common.output();
        Matcher sizes = SHAPE.matcher(shape);
        if (!sizes.matches()) {
            throw common.wrong("--shape " + shape + ": give two sizes as in 2048x2048");
        }
        if (!activations.equals("f32") && !activations.equals("q8")) {
            throw common.wrong("--activations " + activations + ": give f32 or q8");
        }
        int F = Integer.parseInt(sizes.group(1)), C = Integer.parseInt(sizes.group(2));
        Limits limits = Limits.measure(common.threads());
        // Four bytes take the place of one float; the dot product of VNNI multiplies and adds them in one instruction, AVX2 needs three.
        double int8OverFloat = MachineCode.current().isa() == Isa.AVX512 ? 4 : 1.3;
        var table = new ArrayList<List<String>>();
        for (DType type : types) {
            for (int n : rows) {
                if (n < 1 || n > 8192) {
                    throw common.wrong("--rows " + n + ": give 1 to 8192");
                }
                var result = KernelBench.run(type, activations.equals("q8") ? Activations.Q8 : Activations.F32, F, C, n, common.threads(), limits, int8OverFloat);
                output.json(result);
                table.add(List.of(type.name(), result.activations().toString(), result.shape(), Integer.toString(n), decimal("%.1f", result.micros()),
                        decimal("%.0f", result.gops()), decimal("%.1f", result.gigabytesPerSecond()), decimal("%.0f%%", 100 * result.ofLimit())));
            }
        }
        output.line(String.format(Locale.ROOT, "%d threads, machine code: %s; limits %.0f GFLOP/s, %.1f GB/s", common.threads(), MachineCode.current().description(),
                limits.gflops(), limits.gigabytesPerSecond()));
        output.table(List.of("weight", "x", "shape", "rows", "µs", "GOP/s", "GB/s", "of limit"), table);
    }

    private static String decimal(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
