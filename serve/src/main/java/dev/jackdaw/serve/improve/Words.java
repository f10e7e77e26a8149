package dev.jackdaw.serve.improve;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// How texts are made comparable.
final class Words {
    private Words() {
    }

    /// The same text in one spelling: composed characters, plain line ends, no control characters, nothing blank at the ends.
    static String clean(String text) {
        String composed = Normalizer.normalize(text, Normalizer.Form.NFC).replace("\r\n", "\n").replace('\r', '\n');
        StringBuilder kept = new StringBuilder(composed.length());
        composed.codePoints().filter(c -> c == '\n' || c == '\t' || !Character.isISOControl(c) && c != 0xFEFF && c != 0x200B).forEach(kept::appendCodePoint);
        return kept.toString().strip();
    }

    /// Words in small letters: runs of letters and digits; marks between them do not count, but for signs that calculate.
    static List<String> of(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        String lower = Normalizer.normalize(text, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
        lower.codePoints().forEach(c -> {
            if (Character.isLetterOrDigit(c) || c == '_') {
                word.appendCodePoint(c);
            } else {
                if (!word.isEmpty()) {
                    words.add(word.toString());
                    word.setLength(0);
                }
                if ("+-*/^%=<>".indexOf(c) >= 0) {
                    words.add(Character.toString(c));
                }
            }
        });
        if (!word.isEmpty()) {
            words.add(word.toString());
        }
        return words;
    }

    /// By which two texts are the same question or the same answer. A text without words stands for itself.
    static String key(String text) {
        List<String> words = of(text);
        return words.isEmpty() ? text.strip() : String.join(" ", words);
    }

    /// Of a conversation up to the answer: roles and words.
    static String key(List<Map<String, Object>> messages) {
        StringBuilder key = new StringBuilder();
        for (Map<String, Object> message : messages) {
            key.append(message.get("role")).append(": ").append(key(String.valueOf(message.get("content")))).append('\n');
        }
        return key.toString();
    }
}
