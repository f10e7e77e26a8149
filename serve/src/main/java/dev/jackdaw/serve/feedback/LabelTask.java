package dev.jackdaw.serve.feedback;

import java.util.Locale;

/// What labellers are asked to do, and how it is explained to them.
public enum LabelTask {
    IDEAL("Write the ideal answer", """
            Read the whole conversation and the answer that the model gave. Write the answer that it should have given.

            - Answer what was asked: true first, then complete, then short.
            - Keep what is good in the model's answer; you need not start from nothing.
            - If you do not know what is true, look it up, or skip the item. Do not guess.
            - Write as the model should write: no remarks about the old answer, no greetings.
            - If the question should not be answered, write the refusal that you would want to read: short, with the reason, without blame."""),
    CHOOSE("Choose the best answer", """
            Read the conversation, then all answers. Choose the one that you would rather have been given.

            - True before complete, complete before well written. A longer answer is not better for being long.
            - The answers stand in no particular order, and you are not told where they come from.
            - If none is acceptable, say so. If you cannot judge it, skip the item."""),
    COMBINE("Combine the best parts", """
            The answers below were given to the same conversation. Make one answer of their best parts: take over what is right, leave out what is wrong
            or said twice, and join it with as few words of your own as it takes.

            - Every claim in the result must be true: check what only one of the answers says.
            - The result is one answer by one voice, not a comparison of answers.
            - If none of them has a good part, write the answer yourself, or skip the item.""");

    private final String title;
    private final String instructions;

    LabelTask(String title, String instructions) {
        this.title = title;
        this.instructions = instructions;
    }

    public String title() {
        return title;
    }

    /// In Markdown.
    public String instructions() {
        return instructions;
    }

    /// Are several answers shown?
    boolean needsCandidates() {
        return this != IDEAL;
    }

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Null if there is none of that name.
    static LabelTask of(String label) {
        for (LabelTask task : values()) {
            if (task.label().equals(label)) {
                return task;
            }
        }
        return null;
    }
}
