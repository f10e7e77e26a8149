package dev.jackdaw.train.assistant;

import dev.jackdaw.model.chat.Message;
import java.util.List;

/// A question with the answer that is right: a conversation to learn from, or a question of the examination.
///
/// @param group    what it examines, such as `package` or `calculator`
/// @param messages of the whole conversation; the first is the question
/// @param expected what an examiner looks for in the last answer
/// @param subject  what is asked about, to show that nothing is on both sides
public record Exercise(String group, List<Message> messages, String expected, String subject) {
    public static final String OUTSIDE = "outside";
    public static final String CALCULATOR = "calculator";
    public static final String SMALL_TALK = "small talk";
    public static final String REFUSAL = "refusal";

    public Exercise {
        messages = List.copyOf(messages);
    }

    static Exercise of(String group, String question, String answer, String expected, String subject) {
        return new Exercise(group, List.of(Message.of("user", question), Message.of("assistant", answer)), expected, subject);
    }

    /// Its answer is a fact, which could be guessed; not a sum, and not a question to decline.
    public boolean isFact() {
        return !group.equals(OUTSIDE) && !group.equals(CALCULATOR);
    }

    public String question() {
        return messages.getFirst().content();
    }
}
