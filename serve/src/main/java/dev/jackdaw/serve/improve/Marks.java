package dev.jackdaw.serve.improve;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// What one model did in an evaluation: `deployed.json` and `candidate.json` of an improvement.
///
/// @param fixed     by name: groups of the examination, tasks, text
/// @param collected by name: what the corrections are measured by, [#EXACT] and [#MARGIN] first
/// @param answers   to the collected cases
record Marks(Map<String, Mark> fixed, Map<String, Mark> collected, List<Answer> answers) {
    static final String EXACT = "collected: answered as corrected";
    static final String MARGIN = "collected: likelihood of good over bad";
    static final String EXACT_HELD_OUT = "collected and held out: answered as corrected";
    static final String MARGIN_HELD_OUT = "collected and held out: likelihood of good over bad";

    /// @param items   one value for each, in the same order for every model
    /// @param isGuess always the commonest answer would be about as often right, so there is no knowledge here that could be lost
    record Mark(boolean lowerBetter, double value, double[] items, boolean isGuess) {
        static Mark of(boolean lowerBetter, double value, double[] items) {
            return new Mark(lowerBetter, value, items, false);
        }

        static Mark rate(double[] items) {
            return of(false, Arrays.stream(items).average().orElseThrow(), items);
        }
    }

    /// @param isExact the same words as the corrected answer, see [Words#key]
    /// @param margin  log-likelihood of the good answer less that of the bad one, in nats; of the good one alone where there is no bad one
    record Answer(String id, boolean isHeldOut, String text, boolean isExact, double margin) {
    }
}
