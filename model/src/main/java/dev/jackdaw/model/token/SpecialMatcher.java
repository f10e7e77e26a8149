package dev.jackdaw.model.token;

import java.util.List;

/// Finds added tokens in text: the leftmost, and of those that begin at the same place the longest. A trie over their bytes.
final class SpecialMatcher {
    private final LongIntMap trie = new LongIntMap(64);       // (node, byte) → node; node 0 is the root
    private final TokenList tokenOfNode = new TokenList();    // node → index into tokens, or -1
    private final boolean[] begins = new boolean[256];
    private final List<AddedToken> tokens;

    SpecialMatcher(List<AddedToken> tokens, List<byte[]> contents) {
        this.tokens = List.copyOf(tokens);
        tokenOfNode.add(-1);
        for (int i = 0; i < tokens.size(); i++) {
            byte[] content = contents.get(i);
            int node = 0;
            for (byte b : content) {
                int child = trie.get(LongIntMap.pair(node, b & 0xFF));
                if (child < 0) {
                    child = tokenOfNode.size();
                    trie.put(LongIntMap.pair(node, b & 0xFF), child);
                    tokenOfNode.add(-1);
                }
                node = child;
            }
            if (content.length > 0) {
                begins[content[0] & 0xFF] = true;
                tokenOfNode.array()[node] = i;
            }
        }
    }

    boolean isEmpty() {
        return tokens.isEmpty();
    }

    /// What to do with a stretch of plain text between added tokens.
    @FunctionalInterface
    interface PlainText {
        void take(byte[] text, int from, int to);
    }

    /// Cuts `text[from, to)` at the added tokens: their ids go to `ids`, what lies between them to `plain`, in order.
    void cut(byte[] text, int from, int to, TokenList ids, PlainText plain) {
        int done = from;
        int at = from;
        while (at < to) {
            if (!begins[text[at] & 0xFF]) {
                at++;
                continue;
            }
            int node = 0;
            int longest = -1;
            int end = at;
            for (int i = at; i < to; i++) {
                node = trie.get(LongIntMap.pair(node, text[i] & 0xFF));
                if (node < 0) {
                    break;
                }
                if (tokenOfNode.get(node) >= 0) {
                    longest = tokenOfNode.get(node);
                    end = i + 1;
                }
            }
            if (longest < 0) {
                at++;
                continue;
            }
            AddedToken token = tokens.get(longest);
            int start = at;
            at = end;                                          // a refused match is not searched for shorter ones, as in `tokenizers`
            if (token.singleWord() && (touchesWordBefore(text, from, start) || end < to && isWord(text, end, to))) {
                continue;
            }
            if (token.leftStrip()) {
                start = spacesBefore(text, done, start);
            }
            if (token.rightStrip()) {
                while (at < to && (CodePoint.at(text, at, to) & CodePoint.SPACE) != 0) {
                    at += CodePoint.at(text, at, to) >>> 8;
                }
            }
            if (done < start) {
                plain.take(text, done, start);
            }
            ids.add(token.id());
            done = at;
        }
        if (done < to) {
            plain.take(text, done, to);
        }
    }

    private static int spacesBefore(byte[] text, int from, int to) {
        int start = to;
        while (start > from) {
            int before = characterBefore(text, from, start);
            if ((CodePoint.at(text, before, start) & CodePoint.SPACE) == 0) {
                break;
            }
            start = before;
        }
        return start;
    }

    private static boolean touchesWordBefore(byte[] text, int from, int at) {
        if (at == from) {
            return false;
        }
        int before = characterBefore(text, from, at);
        return isWord(text, before, at);
    }

    private static int characterBefore(byte[] text, int from, int at) {
        int before = at - 1;
        while (before > from && at - before < 4 && (text[before] & 0xC0) == 0x80) {
            before--;
        }
        return before;
    }

    /// `\w`: letters, marks, decimal digits, connectors such as `_`.
    private static boolean isWord(byte[] text, int at, int to) {
        int character = text[at] >= 0 ? text[at] << 8 : Utf8.decode(text, at, to);
        if (character < 0) {
            return false;
        }
        int c = character >>> 8;
        int type = Character.getType(c);
        return Character.isAlphabetic(c) || (CodePoint.flags(c) & CodePoint.MARK) != 0 || type == Character.DECIMAL_DIGIT_NUMBER
            || type == Character.CONNECTOR_PUNCTUATION || c == 0x200C || c == 0x200D;
    }
}
