package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressBarTest {
    private final StringWriter err = new StringWriter();
    private long nanos = 1_000;

    private ProgressBar bar(boolean terminal, long total) {
        return new ProgressBar(new PrintWriter(err), terminal, "work", total, "bytes", () -> nanos);
    }

    private void pass(double seconds) {
        nanos += (long) (seconds * 1e9);
    }

    @Test
    void showsShareRateAndTimeLeft() {
        ProgressBar bar = bar(true, 1000);
        pass(1);
        bar.update(250, "loss 3.1");
        assertThat(err.toString()).isEqualTo("\rwork  [######..................]   25%  250/1.00k bytes  250/s  3.0 s left  loss 3.1");
    }

    @Test
    void redrawsOneLineOnATerminalAndCoversALongerOne() {
        ProgressBar bar = bar(true, 1000);
        pass(1);
        bar.update(250, "a long remark");
        int length = err.toString().length() - 1;
        pass(1);
        bar.update(500, "");
        String second = err.toString().substring(1 + length);
        assertThat(second).startsWith("\r").hasSize(1 + length).endsWith(" ");
        assertThat(err.toString()).doesNotContain("\n");
    }

    @Test
    void printsPlainLinesRarelyElsewhere() {
        ProgressBar bar = bar(false, 100);
        for (int i = 1; i <= 100; i++) {
            pass(0.11);
            bar.update(i);
        }
        assertThat(err.toString().lines()).hasSize(2).allMatch(line -> line.startsWith("work  ") && line.endsWith(" left"));
    }

    @Test
    void doesNotDrawMoreOftenThanTenTimesASecond() {
        ProgressBar bar = bar(true, 100);
        for (int i = 1; i <= 100; i++) {
            pass(0.01);
            bar.update(i);
        }
        assertThat(err.toString().chars().filter(c -> c == '\r').count()).isBetween(8L, 10L);
    }

    @Test
    void withoutAUnitShowsTheShareAlone() {
        var bar = new ProgressBar(new PrintWriter(err), false, "clean", 1_000_000, "", () -> nanos);
        pass(6);
        bar.updateShare(0.25, "3 documents");
        bar.close();
        assertThat(err.toString().lines()).containsExactly("clean   25%  18 s left  3 documents", "clean  6.0 s  3 documents");
    }

    @Test
    void followsAChangeOfPace() {
        ProgressBar bar = bar(false, 1_000_000);
        for (int i = 1; i <= 10; i++) {
            pass(6);
            bar.update(6000L * i);          // 1000 a second
        }
        for (int i = 1; i <= 10; i++) {
            pass(6);
            bar.update(60_000 + 600L * i);  // 100 a second
        }
        assertThat(err.toString().lines().toList().getLast()).contains("  100/s");
    }

    @Test
    void endsWithTheMean() {
        ProgressBar bar = bar(false, 0);
        pass(2);
        bar.update(3000);
        bar.close();
        bar.close();
        assertThat(err.toString()).isEqualTo("work  3.00k bytes in 2.0 s, 1.50k bytes/s" + System.lineSeparator());
    }

    @ParameterizedTest
    @CsvSource({"0,0", "7,7", "0.5,0.50", "999,999", "999.6,1.00k", "12345,12.3k", "1e6,1.00M", "5.5e9,5.50G", "2e13,20.0T"})
    void shortensCounts(double value, String text) {
        assertThat(ProgressBar.count(value)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"0.424,0.42 s", "0.999,1.0 s", "9.96,10 s", "59.4,59 s", "59.6,1 min 00 s", "185,3 min 05 s", "7625,2 h 07 min"})
    void shortensDurations(double seconds, String text) {
        assertThat(ProgressBar.duration(seconds)).isEqualTo(text);
    }
}
