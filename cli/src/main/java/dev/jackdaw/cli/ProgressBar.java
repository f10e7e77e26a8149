package dev.jackdaw.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongSupplier;

/// How far a long job is, on standard error: one line that redraws itself on a terminal, a plain line every few seconds elsewhere.
///
/// ```
/// tokenizer  [##########..............]  42%  3.4M/8.1M bytes  1.2M/s  3 s left
/// ```
/// The rate is that of the last few seconds, so the time left follows a job that changes pace. [#update] may be called as often as
/// one likes, from one thread; most calls only compare two numbers.
final class ProgressBar implements AutoCloseable {
    private static final int BAR = 24;
    private static final long REDRAW_NANOS = 100_000_000L;
    private static final long PLAIN_NANOS = 5_000_000_000L;
    /// The recent rate: weight of the past halves about every this many seconds.
    private static final double HALF_LIFE_SECONDS = 5;

    private final PrintWriter err;
    private final boolean terminal;
    private final String label;
    private final long total;
    private final String unit;
    private final LongSupplier nanoTime;
    private final long start;
    private long nextDraw;
    private long lastTime;
    private long lastDone;
    private double rate = Double.NaN;
    private long done;
    private String remark = "";
    private int drawn;                // characters of the line that stands on the terminal
    private boolean closed;

    /// @param total the job's size in `unit`s, or 0 if nobody knows
    /// @param unit  what is counted; empty to show only the share that is done
    ProgressBar(PrintWriter err, boolean terminal, String label, long total, String unit) {
        this(err, terminal, label, total, unit, System::nanoTime);
    }

    ProgressBar(PrintWriter err, boolean terminal, String label, long total, String unit, LongSupplier nanoTime) {
        this.err = err;
        this.terminal = terminal;
        this.label = label;
        this.total = total;
        this.unit = unit;
        this.nanoTime = nanoTime;
        start = nanoTime.getAsLong();
        lastTime = start;
        nextDraw = start + (terminal ? REDRAW_NANOS : PLAIN_NANOS);
    }

    void update(long done) {
        update(done, remark);
    }

    /// @param share of the whole, 0 to 1; for bars of [Output#progress(String)]
    void updateShare(double share, String remark) {
        update(Math.round(total * Math.clamp(share, 0, 1)), remark);
    }

    /// @param remark a few words after the numbers, a loss for instance
    void update(long done, String remark) {
        this.done = done;
        this.remark = remark;
        long now = nanoTime.getAsLong();
        if (now >= nextDraw) {
            draw(now);
            nextDraw = now + (terminal ? REDRAW_NANOS : PLAIN_NANOS);
        }
    }

    /// Prints `text` on a line of its own above the bar.
    void note(String text) {
        erase();
        err.println(text);
        err.flush();
        nextDraw = terminal ? 0 : nextDraw;
    }

    /// Ends with the whole time and the mean rate.
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        erase();
        double seconds = (nanoTime.getAsLong() - start) / 1e9;
        String mean = seconds > 0.001 ? ", " + count(done / seconds) + " " + unit + "/s" : "";
        String what = unit.isEmpty() ? duration(seconds) : count(done) + " " + unit + " in " + duration(seconds) + mean;
        err.println(label + "  " + what + (remark.isEmpty() ? "" : "  " + remark));
        err.flush();
    }

    private void draw(long now) {
        double seconds = (now - lastTime) / 1e9;
        if (seconds > 0) {
            double recent = (done - lastDone) / seconds;
            double keep = Double.isNaN(rate) ? 0 : Math.pow(0.5, seconds / HALF_LIFE_SECONDS);
            rate = Double.isNaN(rate) ? recent : keep * rate + (1 - keep) * recent;
            lastTime = now;
            lastDone = done;
        }
        String line = line();
        if (terminal) {
            err.print("\r" + line + " ".repeat(Math.max(0, drawn - line.length())));
            drawn = line.length();
        } else {
            err.println(line);
        }
        err.flush();
    }

    private String line() {
        var line = new StringBuilder(label).append("  ");
        if (total > 0) {
            double fraction = Math.clamp((double) done / total, 0, 1);
            if (terminal) {
                int full = (int) (fraction * BAR);
                line.append('[').append("#".repeat(full)).append(".".repeat(BAR - full)).append("]  ");
            }
            line.append(String.format(Locale.ROOT, "%3d%%", (int) (100 * fraction)));
            if (!unit.isEmpty()) {
                line.append("  ").append(count(done)).append('/').append(count(total)).append(' ').append(unit);
            }
        } else {
            line.append(count(done)).append(' ').append(unit);
        }
        if (rate > 0) {
            if (!unit.isEmpty()) {
                line.append("  ").append(count(rate)).append("/s");
            }
            if (total > done) {
                line.append("  ").append(duration((total - done) / rate)).append(" left");
            }
        }
        return remark.isEmpty() ? line.toString() : line.append("  ").append(remark).toString();
    }

    private void erase() {
        if (drawn > 0) {
            err.print("\r" + " ".repeat(drawn) + "\r");
            drawn = 0;
        }
    }

    /// `950`, `12.3k`, `4.56M`, `7.89G`: three digits are enough to watch.
    static String count(double value) {
        String[] suffixes = {"", "k", "M", "G", "T"};
        int power = 0;
        double scaled = value;
        while (Math.abs(scaled) >= 999.5 && power < suffixes.length - 1) {
            scaled /= 1000;
            power++;
        }
        if (power == 0 && scaled == Math.rint(scaled)) {
            return Long.toString((long) scaled);
        }
        int decimals = scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
        return String.format(Locale.ROOT, "%." + decimals + "f%s", scaled, suffixes[power]);
    }

    /// `0.42 s`, `12 s`, `3 min 05 s`, `2 h 07 min`.
    static String duration(double seconds) {
        if (seconds < 9.95) {
            return String.format(Locale.ROOT, seconds < 0.995 ? "%.2f s" : "%.1f s", seconds);
        }
        long whole = Math.round(seconds);
        if (whole < 60) {
            return whole + " s";
        }
        if (whole < 3600) {
            return String.format(Locale.ROOT, "%d min %02d s", whole / 60, whole % 60);
        }
        return String.format(Locale.ROOT, "%d h %02d min", whole / 3600, whole % 3600 / 60);
    }
}
