package dev.jackdaw.cli;

import dev.jackdaw.bench.MatMulBench;
import dev.jackdaw.tensor.Limits;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `jackdaw bench matmul`: the speed of one matrix product, beside what the processor can do at best.
@Command(name = "matmul", description = "Time the product of two plain row-major float32 matrices; packing is timed, the result is checked.")
final class BenchMatMulCommand implements Runnable {
    private static final Pattern SHAPE = Pattern.compile("(\\d{1,7})x(\\d{1,7})x(\\d{1,7})");

    @Mixin
    private CommonOptions common;

    @Option(names = "--shape", paramLabel = "MxKxN", split = ",", defaultValue = "768x768x768",
            description = "A is M by K, B is K by N; several shapes separated by commas.")
    private List<String> shapes;

    @Option(names = "--layout", paramLabel = "XY", defaultValue = "NN",
            description = "Which operand lies transposed in memory, as in BLAS: ${COMPLETION-CANDIDATES}.")
    private MatMulBench.Layout layout;

    /// What `--json` prints, a line for each shape.
    ///
    /// @param gflops     of the median run; a multiply-add counts as two
    /// @param best       of the fastest run
    /// @param maxError   largest difference from a sum in double precision, over a sample of elements
    /// @param peakGflops what multiply-adds in registers reached, measured right after
    /// @param ofPeak     `gflops / peakGflops`
    record Result(String shape, int threads, double gflops, double best, MatMulBench.Layout layout, int runs, double maxError, double peakGflops,
            double ofPeak) {
    }

    @Override
    public void run() {
        Output output = common.output();
        var results = new ArrayList<Result>();
        for (String shape : shapes) {
            Matcher sizes = SHAPE.matcher(shape);
            if (!sizes.matches()) {
                throw common.wrong("--shape " + shape + ": give three sizes as in 768x768x768");
            }
            MatMulBench.Result measured = MatMulBench.run(Integer.parseInt(sizes.group(1)), Integer.parseInt(sizes.group(2)),
                    Integer.parseInt(sizes.group(3)), common.threads(), layout);
            double peak = Limits.measure(common.threads()).gflops();
            var result = new Result(measured.shape(), measured.threads(), measured.gflops(), measured.best(), measured.layout(), measured.runs(),
                    measured.maxError(), peak, measured.gflops() / peak);
            output.json(result);
            results.add(result);
        }
        output.table(List.of("shape", "layout", "threads", "GFLOP/s", "best", "peak", "of peak", "runs", "max error"), results.stream().map(result -> List.of(
                result.shape(), result.layout().name(), Integer.toString(result.threads()), decimal("%.1f", result.gflops()), decimal("%.1f", result.best()),
                decimal("%.1f", result.peakGflops()), decimal("%.0f%%", 100 * result.ofPeak()), Integer.toString(result.runs()),
                decimal("%.1e", result.maxError()))).toList());
    }

    private static String decimal(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
