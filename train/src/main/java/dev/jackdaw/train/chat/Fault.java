package dev.jackdaw.train.chat;

import java.util.Locale;

/// Why a line gives no conversation to learn from. Every rejected line is counted under exactly one of these.
public enum Fault {
    NOT_JSON("not a JSON object"),
    UNKNOWN_FORM("none of the known forms: messages, conversations, instruction and output, prompt and completion, question and answer"),
    MISSING_FIELD("a field is missing or of the wrong type"),
    UNKNOWN_ROLE("a role that nobody has"),
    ROLE_ORDER("turns in an order that no conversation has"),
    EMPTY_TURN("a turn says nothing"),
    EMPTY_ANSWER("an answer says nothing and calls nothing"),
    NO_ANSWER("no answer to learn from"),
    BAD_CALL("a tool call that cannot be read"),
    SAME_ANSWERS("both answers are the same"),
    NOT_TEXT("content that is not text"),
    TEMPLATE("the chat template refuses it, or leaves a part of it out"),
    TOO_LONG("too long for the context");

    private final String meaning;

    Fault(String meaning) {
        this.meaning = meaning;
    }

    public String meaning() {
        return meaning;
    }

    /// `role order`, …
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
