package dev.jackdaw.model.chat.jinja;

/// A piece of template source.
///
/// @param text the data, name, operator or number as written; of a string its content
record Token(Kind kind, String text, int line) {
    enum Kind { DATA, OUTPUT_BEGIN, OUTPUT_END, BLOCK_BEGIN, BLOCK_END, NAME, STRING, INTEGER, FLOAT, OPERATOR, END }

    boolean is(String operator) {
        return kind == Kind.OPERATOR && text.equals(operator);
    }

    boolean isName(String name) {
        return kind == Kind.NAME && text.equals(name);
    }

    @Override
    public String toString() {
        return switch (kind) {
            case DATA -> "text";
            case OUTPUT_BEGIN -> "{{";
            case OUTPUT_END -> "}}";
            case BLOCK_BEGIN -> "{%";
            case BLOCK_END -> "%}";
            case STRING -> "the string '" + text + "'";
            case END -> "the end of the template";
            default -> text;
        };
    }
}
