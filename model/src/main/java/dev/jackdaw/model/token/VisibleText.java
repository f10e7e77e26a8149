package dev.jackdaw.model.token;

/// Single tokens for people to look at.
public final class VisibleText {
    private VisibleText() {
    }

    /// Blanks and control characters as something that can be seen.
    public static String of(String text) {
        StringBuilder out = new StringBuilder();
        text.codePoints().forEach(c -> out.append(switch (c) {
            case '\n' -> "\\n";
            case '\t' -> "\\t";
            case '\r' -> "\\r";
            case ' ' -> "·";
            default -> c < 32 ? String.format("\\x%02x", c) : Character.toString(c);
        }));
        return out.toString();
    }
}
