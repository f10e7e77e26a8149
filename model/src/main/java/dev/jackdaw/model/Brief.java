package dev.jackdaw.model;

/// Foreign text in messages: names out of damaged files may be megabytes long and full of control characters.
public final class Brief {
    private static final int WORD = 80;
    private static final int WHOLE = 1200;

    private Brief() {
    }

    /// Without control characters other than line ends; words of more than 80 characters and texts of more than 1200 lose their ends.
    public static String text(String message) {
        StringBuilder brief = new StringBuilder();
        int word = 0;
        for (int i = 0; i < message.length() && brief.length() < WHOLE; i++) {
            char c = message.charAt(i);
            word = c == ' ' || c == '\n' ? 0 : word + 1;
            if (word <= WORD) {
                brief.append(Character.isISOControl(c) && c != '\n' ? '?' : c);
            } else if (word == WORD + 1) {
                brief.append('…');
            }
        }
        return brief.length() < WHOLE ? brief.toString() : brief.append('…').toString();
    }
}
