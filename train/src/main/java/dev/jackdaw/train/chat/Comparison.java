package dev.jackdaw.train.chat;

import java.util.List;

/// A judgement to learn from: of two answers the better one, or of one answer whether it is good.
///
/// In each conversation exactly the turns that were judged are trained ones, see [Conversation.Turn#isTrained()]; what stands before is the prompt.
public sealed interface Comparison {
    /// @param margin by how much the chosen answer is better, in the unit of rewards; 0 unless the data say so
    record Pair(Conversation chosen, Conversation rejected, double margin) implements Comparison {
        @Override
        public List<Conversation> conversations() {
            return List.of(chosen, rejected);
        }
    }

    /// @param isGood what somebody thought of it
    record Verdict(Conversation conversation, boolean isGood) implements Comparison {
        @Override
        public List<Conversation> conversations() {
            return List.of(conversation);
        }
    }

    List<Conversation> conversations();

    /// The turns before the answers, and their tools: what all judgements of one prompt share.
    default String prompt() {
        Conversation first = conversations().getFirst();
        StringBuilder text = new StringBuilder();
        for (Conversation.Turn turn : first.turns()) {
            if (turn.isTrained()) {
                break;
            }
            text.append(turn.message()).append('\n');
        }
        return first.tools() == null ? text.toString() : text + first.tools().toString();
    }
}
