package dev.jackdaw.train.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// One axis of a chart: the values it spans and where its ticks stand.
///
/// Ticks are the numbers people count in: 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph labels", Graphics Gems 1990).
///
/// @param isLog equal distances are equal factors
record Axis(double low, double high, boolean isLog, List<Tick> ticks) {
    private static final double LARGEST = 1e30;

    /// @param label the value in the fewest characters that tell it from its neighbours
    record Tick(double value, String label) {
    }

    /// A linear axis over exactly `low..high`, ticks inside.
    static Axis linear(double low, double high, int wantedTicks) {
        if (!(high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high)))) {
            double room = low == 0 ? 1 : Math.abs(low) * 0.5;     // one value alone, as far as a picture can tell: put it in the middle
            return linear(low - room, low + room, wantedTicks);
        }
        double step = niceStep((high - low) / wantedTicks);
        List<Double> values = new ArrayList<>();
        for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++) {
            values.add(i * step);
        }
        return new Axis(low, high, false, label(values, step));
    }

    /// A linear axis that ends on ticks; zero is included when the data come near it.
    static Axis rounded(double low, double high, int wantedTicks) {
        if (low > 0 && low < 0.4 * high) {
            low = 0;
        }
        if (!(high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high)))) {
            return linear(low, high, wantedTicks);
        }
        double step = niceStep((high - low) / wantedTicks);
        return linear(Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step, wantedTicks);
    }

    /// A logarithmic axis with a little room on both sides; both ends must be positive.
    static Axis log(double low, double high) {
        double room = Math.max(Math.pow(high / low, 0.04), 1.01);
        double from = low / room;
        double to = high * room;
        double factor = to / from;
        if (factor < 2.5) {
            Axis linear = linear(from, to, 5);
            return new Axis(from, to, true, linear.ticks);
        }
        double[] digits = factor >= 500 ? new double[]{1} : factor >= 20 ? new double[]{1, 2, 5} : factor >= 6 ? new double[]{1, 1.5, 2, 3, 4, 6, 8}
                : new double[]{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8};
        List<Tick> ticks = new ArrayList<>();
        for (int decade = (int) Math.floor(Math.log10(from)); decade <= Math.log10(to); decade++) {
            for (double digit : digits) {
                double value = digit * Math.pow(10, decade);
                if (value >= from && value <= to) {
                    ticks.add(new Tick(value, Numbers.plain(value)));
                }
            }
        }
        return new Axis(from, to, true, ticks);
    }

    /// Where `value` lies on the axis: 0 at its low end, 1 at its high end.
    double position(double value) {
        return isLog ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
    }

    /// Whether a value can be drawn at all. Beyond 10^30 the arithmetic of ticks would overflow, and the picture would tell nothing.
    static boolean canShow(double value, boolean isLog) {
        return Math.abs(value) <= LARGEST && (!isLog || value >= 1 / LARGEST);      // false for NaN
    }

    private static double niceStep(double rough) {
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double digit = rough / power;
        return (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10) * power;
    }

    /// All labels of an axis share one unit and one number of decimals.
    private static List<Tick> label(List<Double> values, double step) {
        double largest = values.stream().mapToDouble(Math::abs).max().orElse(0);
        boolean tiny = largest > 0 && largest < 0.001;
        Numbers.Unit unit = Numbers.unit(largest);
        double shownStep = step / unit.size();
        int decimals = Math.max(0, (int) -Math.floor(Math.log10(shownStep) + 1e-9));
        List<Tick> ticks = new ArrayList<>();
        for (double value : values) {
            String label = value == 0 ? "0" : tiny ? Numbers.plain(value)
                    : String.format(Locale.ROOT, "%." + decimals + "f", value / unit.size()) + unit.suffix();
            ticks.add(new Tick(value, label));
        }
        return ticks;
    }
}
