package dev.jackdaw.train.data;

import java.util.Locale;

/// Why something that was found is not in the corpus. Every skipped file, entry, line or document is counted under exactly one of these.
public enum Reason {
    HIDDEN("name starts with a dot"),
    LINK("symbolic link inside a folder"),
    BINARY("not text"),
    UNREADABLE("could not be opened or read"),
    CORRUPT("broken or truncated archive or stream"),
    UNSAFE_NAME("archive entry with an absolute name or '..'"),
    TOO_DEEP("archives inside archives, deeper than is opened"),
    BOMB("expands beyond any real text"),
    BAD_JSON("line is not a JSON object"),
    NO_TEXT_FIELD("JSON object without a known text field"),
    EMPTY("nothing inside"),
    ENCODING("not UTF-8, nor close to it"),
    TINY("too short after cleaning"),
    GENERATED("says it was generated, or that it must not be edited"),
    LONG_LINES("lines no person wrote"),
    NUMBERS("mostly numbers"),
    STRINGS("mostly quoted strings: a table, not a program"),
    SYMBOLS("hardly any letters"),
    EXACT_DUPLICATE("same text as an earlier document"),
    NEAR_DUPLICATE("nearly the same text as an earlier document");

    private final String meaning;

    Reason(String meaning) {
        this.meaning = meaning;
    }

    public String meaning() {
        return meaning;
    }

    /// `near duplicate`, …
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
