package dev.jackdaw.model.generate;

import java.util.List;

/// Watches streamed text for strings that end it, also where one begins in one token and ends in another. Text that may be the
/// beginning of such a string is held back, so no part of one is ever shown.
final class StopStrings {
    private final List<String> stops;
    private String held = "";
    private String found;

    StopStrings(List<String> stops) {
        for (String stop : stops) {
            if (stop.isEmpty()) {
                throw new IllegalArgumentException("a stop string is empty; it would end every text at once");
            }
        }
        this.stops = stops;
    }

    /// The string that ended the text, or null.
    String found() {
        return found;
    }

    /// What can be shown after this piece.
    String next(String piece) {
        if (found != null) {
            return "";
        }
        String text = held + piece;
        int first = -1;
        String which = null;
        for (String stop : stops) {
            int at = text.indexOf(stop);
            if (at >= 0 && (first < 0 || at < first)) {
                first = at;
                which = stop;
            }
        }
        if (first >= 0) {
            found = which;
            held = "";
            return text.substring(0, first);
        }
        int keep = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, text.length()); n > keep; n--) {
                if (text.regionMatches(text.length() - n, stop, 0, n)) {
                    keep = n;
                }
            }
        }
        held = text.substring(text.length() - keep);
        return text.substring(0, text.length() - keep);
    }

    /// What was held back, when no more text comes.
    String end() {
        String rest = held;
        held = "";
        return rest;
    }
}
