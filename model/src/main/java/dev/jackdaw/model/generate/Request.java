package dev.jackdaw.model.generate;

import java.util.List;
import java.util.function.IntPredicate;

/// What to generate.
///
/// @param prompt      token ids
/// @param maxTokens   new tokens at most
/// @param sampling    how they are chosen
/// @param isEnd       tokens that end the text
/// @param stop        strings that end it; they are not part of it
/// @param topLogprobs -1: no probabilities; else those of the chosen tokens and so many of the likeliest
/// @param showSpecial special tokens are part of the text
/// @param constraint  what the text may be, or null
/// @param thinking    how long it may think, or null
/// @param overflow    what happens to a prompt that is too long
public record Request(int[] prompt, int maxTokens, Sampling sampling, IntPredicate isEnd, List<String> stop, int topLogprobs, boolean showSpecial, Constraint constraint,
                      Thinking thinking, Overflow overflow) {
    public Request {
        if (maxTokens < 1) {
            throw new IllegalArgumentException("generate: " + maxTokens + " new tokens were asked for; give at least 1");
        }
        stop = List.copyOf(stop);
    }

    public static Request of(int[] prompt, int maxTokens, Sampling sampling, IntPredicate isEnd) {
        return new Request(prompt, maxTokens, sampling, isEnd, List.of(), -1, false, null, null, Overflow.REFUSE);
    }
}
