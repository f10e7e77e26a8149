package dev.jackdaw.cli;

import dev.jackdaw.train.chat.Fault;
import dev.jackdaw.train.chat.Rejections;
import java.util.LinkedHashMap;
import java.util.Map;

/// How the user hears of lines that could not be used: one by one while they are read, by reason at the end.
final class RejectedLines {
    /// Lines that are told one by one; all are counted at the end.
    private static final int MOST = 50;

    private final Output output;
    private long count;

    RejectedLines(Output output) {
        this.output = output;
    }

    void tell(Rejections.Rejection rejection) {
        if (++count <= MOST) {
            output.note("%s", rejection);
        } else if (count == MOST + 1) {
            output.note("… more lines are rejected; they are counted at the end");
        }
    }

    /// Nothing if all could be used.
    static void sum(Output output, long rejected, Map<Fault, Long> reasons) {
        if (rejected > 0) {
            output.line("%,d lines were rejected:", rejected);
            reasons.forEach((fault, count) -> output.line("  %,8d  %s", count, fault.meaning()));
        }
    }

    /// For `--json`: counts by the label of the reason.
    static Map<String, Long> byLabel(Map<Fault, Long> reasons) {
        Map<String, Long> labels = new LinkedHashMap<>();
        reasons.forEach((fault, count) -> labels.put(fault.label(), count));
        return labels;
    }
}
