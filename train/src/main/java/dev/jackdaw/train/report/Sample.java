package dev.jackdaw.train.report;

/// What the model wrote at one moment of its training; one line of `samples.jsonl`.
///
/// @param prompt the text it was given, empty for a dream from nothing
/// @param text   the text it added, shown exactly as it came
public record Sample(long step, long tokens, String prompt, String text) {
    public Sample {
        prompt = prompt == null ? "" : prompt;
        text = text == null ? "" : text;
    }
}
