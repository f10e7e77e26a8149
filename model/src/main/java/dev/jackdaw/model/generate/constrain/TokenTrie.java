package dev.jackdaw.model.generate.constrain;

import dev.jackdaw.model.token.Tokenizer;
import java.util.Arrays;
import java.util.Comparator;
import java.util.function.ToIntFunction;

/// The vocabulary as a tree of bytes, so that a question about all tokens is answered once for each common beginning. Special tokens
/// are not in it, since they are no text; a grammar reaches them by name.
public final class TokenTrie {
    /// Of node `n`: the byte that leads to it, its first child, the next child of its parent, its token, the next token with the same bytes.
    final byte[] label;
    final int[] child;
    final int[] sibling;
    final int[] token;
    final int[] same;
    private final byte[][] bytes;
    private final int longest;
    private final ToIntFunction<String> names;

    private TokenTrie(byte[][] bytes, int nodes, ToIntFunction<String> names) {
        this.bytes = bytes;
        this.names = names;
        longest = Arrays.stream(bytes).mapToInt(text -> text.length).max().orElse(0);
        label = new byte[nodes];
        child = new int[nodes];
        sibling = new int[nodes];
        token = new int[nodes];
        same = new int[bytes.length];
        Arrays.fill(token, -1);
        Arrays.fill(same, -1);
    }

    public static TokenTrie of(Tokenizer tokenizer) {
        byte[][] bytes = new byte[tokenizer.vocabularySize()][];
        for (int id = 0; id < bytes.length; id++) {
            bytes[id] = tokenizer.isSpecial(id) ? new byte[0] : tokenizer.bytes(id);
        }
        return of(bytes, name -> tokenizer.id(name).orElse(-1));
    }

    /// @param bytes of every token; empty for those that are no text
    /// @param names the id of a token by its name, negative if there is none
    static TokenTrie of(byte[][] bytes, ToIntFunction<String> names) {
        int total = 1 + Arrays.stream(bytes).mapToInt(text -> text.length).sum();
        Integer[] order = java.util.stream.IntStream.range(0, bytes.length).filter(id -> bytes[id].length > 0).boxed().toArray(Integer[]::new);
        Arrays.sort(order, Comparator.comparing(id -> bytes[id], Arrays::compareUnsigned));
        TokenTrie trie = new TokenTrie(bytes, total, names);
        int nodes = 1;
        int[] path = new int[1 + Arrays.stream(bytes).mapToInt(b -> b.length).max().orElse(0)];
        byte[] previous = new byte[0];
        for (int id : order) {
            byte[] text = bytes[id];
            int common = Math.max(0, Arrays.mismatch(previous, text));
            common = Arrays.equals(previous, text) ? text.length : common;
            for (int i = common; i < text.length; i++) {
                int node = nodes++;
                trie.label[node] = text[i];
                if (trie.child[path[i]] == 0) {
                    trie.child[path[i]] = node;
                } else {
                    trie.sibling[path[i + 1]] = node;          // the order is lexicographic, so the last child is on the path
                }
                path[i + 1] = node;
            }
            int node = path[text.length];
            trie.same[id] = trie.token[node];
            trie.token[node] = id;
            previous = text;
        }
        return trie;
    }

    /// Bytes of the longest token.
    int longest() {
        return longest;
    }

    int token(String name) {
        return names.applyAsInt(name);
    }

    int tokens() {
        return bytes.length;
    }

    byte[] bytes(int token) {
        return bytes[token];
    }
}
