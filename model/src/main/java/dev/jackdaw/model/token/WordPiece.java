package dev.jackdaw.model.token;

/// WordPiece, the tokens of BERT: from the front of a word always the longest piece that fits, pieces inside a word written `##ing`.
/// A word that cannot be written so is one unknown token. (Schuster and Nakajima, *Japanese and Korean Voice Search*, 2012.)
final class WordPiece implements PieceModel {
    private final Pieces pieces;
    private final String prefix;
    private final int unknown;
    private final int longestWord;
    private final ByteTrie first;
    private final ByteTrie inside;

    /// @param prefix      what pieces inside a word begin with, `##`
    /// @param longestWord in characters; longer ones are unknown
    WordPiece(String[] written, String prefix, int unknown, int longestWord) {
        pieces = new Pieces(written);
        this.prefix = prefix;
        this.unknown = unknown;
        this.longestWord = longestWord;
        first = new ByteTrie(written.length);
        inside = prefix.isEmpty() ? first : new ByteTrie(written.length);
        for (int id = 0; id < written.length; id++) {
            if (written[id] == null || written[id].isEmpty() || pieces.id(written[id]) != id) {
                continue;
            }
            first.put(Utf8.bytes(written[id]), id);
            if (!prefix.isEmpty() && written[id].startsWith(prefix) && written[id].length() > prefix.length()) {
                inside.put(Utf8.bytes(written[id].substring(prefix.length())), id);
            }
        }
    }

    @Override
    public Pieces pieces() {
        return pieces;
    }

    @Override
    public int unknown() {
        return unknown;
    }

    String prefix() {
        return prefix;
    }

    int longestWord() {
        return longestWord;
    }

    @Override
    public Worker worker() {
        return new WordByWord(this::word, false, -1);
    }

    private void word(byte[] text, int from, int to, TokenList ids) {
        int characters = 0;
        for (int i = from; i < to; i++) {
            characters += (text[i] & 0xC0) == 0x80 ? 0 : 1;
        }
        TokenList found = new TokenList();
        int at = characters > longestWord ? -1 : from;
        while (at >= 0 && at < to) {
            ByteTrie trie = at == from ? first : inside;
            int longest = -1;
            int end = -1;
            int node = 0;
            for (int i = at; i < to; ) {
                node = trie.child(node, text[i++]);
                if (node < 0) {
                    break;
                }
                if (trie.value(node) >= 0) {
                    longest = trie.value(node);
                    end = i;
                }
            }
            if (longest >= 0) {
                found.add(longest);
            }
            at = end;
        }
        if (at >= 0) {
            ids.addAll(found.array(), 0, found.size());
        } else if (unknown >= 0) {
            ids.add(unknown);
        }
    }
}
