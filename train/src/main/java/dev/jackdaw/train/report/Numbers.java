package dev.jackdaw.train.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/// Numbers as people read them: few digits, a unit, the same in every locale.
public final class Numbers {
    private Numbers() {
    }

    /// A thousand, a million, a billion.
    enum Unit {
        ONE(1, ""), THOUSAND(1e3, "k"), MILLION(1e6, "M"), BILLION(1e9, "B"), TRILLION(1e12, "T");

        private final double size;
        private final String suffix;

        Unit(double size, String suffix) {
            this.size = size;
            this.suffix = suffix;
        }

        double size() {
            return size;
        }

        String suffix() {
            return suffix;
        }
    }

    /// The unit for labels that go up to `largest`; numbers of four digits need none.
    static Unit unit(double largest) {
        return largest >= 1e12 ? Unit.TRILLION : largest >= 1e9 ? Unit.BILLION : largest >= 1e6 ? Unit.MILLION
                : largest >= 1e4 ? Unit.THOUSAND : Unit.ONE;
    }

    /// `12.3M`: three digits and a unit.
    public static String compact(double value) {
        if (!Double.isFinite(value)) {
            return "–";
        }
        Unit unit = unit(Math.abs(value));
        return unit == Unit.ONE ? significant(value, Math.abs(value) >= 1000 ? 4 : 3) : significant(value / unit.size(), 3) + unit.suffix();
    }

    /// `1,234,567`.
    public static String grouped(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    public static String fixed(double value, int decimals) {
        return Double.isFinite(value) ? String.format(Locale.ROOT, "%." + decimals + "f", value) : "–";
    }

    /// `41.9 MB`, in powers of ten as disks and `ls --si` count.
    public static String bytes(double bytes) {
        if (!Double.isFinite(bytes)) {
            return "–";
        }
        return bytes < 1000 ? (long) bytes + " B" : bytes < 999_500 ? significant(bytes / 1e3, 3) + " kB"
                : bytes < 999.5e6 ? significant(bytes / 1e6, 3) + " MB" : significant(bytes / 1e9, 3) + " GB";
    }

    /// `9 min 58 s`.
    public static String duration(double seconds) {
        if (!Double.isFinite(seconds)) {
            return "–";
        }
        if (seconds < 60) {
            return significant(seconds, 3) + " s";
        }
        long whole = Math.round(seconds);
        return whole < 3600 ? whole / 60 + " min " + whole % 60 + " s" : whole / 3600 + " h " + whole % 3600 / 60 + " min";
    }

    /// The number itself in at most four digits: `0.0003`, `1.5`, `20`, `2e-6`, `30k`.
    public static String plain(double value) {
        double size = Math.abs(value);
        if (size >= 1e4) {
            return compact(value);
        }
        if (size > 0 && size < 1e-4) {
            BigDecimal rounded = new BigDecimal(value).round(new MathContext(4)).stripTrailingZeros();
            int exponent = rounded.precision() - rounded.scale() - 1;
            return rounded.movePointLeft(exponent).stripTrailingZeros().toPlainString() + "e" + exponent;
        }
        return stripped(value, 4);
    }

    private static String stripped(double value, int digits) {
        return value == 0 ? "0" : new BigDecimal(value).round(new MathContext(digits)).stripTrailingZeros().toPlainString();
    }

    /// Exactly so many digits, `1.20` rather than `1.2`, so that numbers below each other compare.
    private static String significant(double value, int digits) {
        if (value == 0) {
            return "0";
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(digits));
        int missing = digits - rounded.precision();
        BigDecimal shown = missing > 0 ? rounded.setScale(rounded.scale() + missing) : rounded;
        return shown.scale() < 0 ? shown.setScale(0).toPlainString() : shown.toPlainString();
    }
}
