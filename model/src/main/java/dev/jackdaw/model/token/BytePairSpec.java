package dev.jackdaw.model.token;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;

/// A byte-level BPE tokenizer as plain data: what is in `tokenizer.json` or in the arrays of a GGUF file, free of either's format.
///
/// @param pieces       the vocabulary by id, each token written in the byte alphabet (`Ġthe`); null where an id has no such token
/// @param merges       left id, right id, left id, right id, …; what comes first is merged first
/// @param added        tokens matched by name, special ones among them
/// @param split        how text is cut into words
/// @param normalizer   Unicode normalisation applied first, or null for none
/// @param ignoreMerges a word that is itself in the vocabulary is that token, whatever the merges say
/// @param prefixSpace  put a space before text that has none
/// @param before       ids that `addSpecial` puts before a text
/// @param after        ids that `addSpecial` puts after it
/// @param bos          the token that begins a document, or -1
/// @param eos          the token that ends a document or an answer, or -1
public record BytePairSpec(String[] pieces, int[] merges, List<AddedToken> added, PreTokenizer split, Normalizer.Form normalizer,
                           boolean ignoreMerges, boolean prefixSpace, int[] before, int[] after, int bos, int eos) {
    /// Ids stay below this; real vocabularies have up to 262,144.
    public static final int MOST_IDS = 1 << 20;

    public BytePairSpec {
        added = List.copyOf(added);
        int size = size(pieces, added);
        check(size <= MOST_IDS, "the highest id is " + (size - 1) + "; it must be below " + MOST_IDS);
        check(merges.length % 2 == 0, "merges have " + merges.length + " ids, which is odd; give left, right, left, right, …");
        for (int i = 0; i < merges.length; i++) {
            int id = merges[i];
            check(id >= 0 && id < pieces.length && pieces[id] != null,
                "merge " + i / 2 + " names id " + id + ", which is no token of the vocabulary of " + pieces.length);
        }
        for (int[] around : List.of(before, after, new int[] {Math.max(bos, 0), Math.max(eos, 0)})) {
            for (int id : around) {
                check(id >= 0 && id < Math.max(size, 1), "special id " + id + " lies outside of the vocabulary of " + size);
            }
        }
    }

    /// One more than the highest id.
    public int size() {
        return size(pieces, added);
    }

    private static int size(String[] pieces, List<AddedToken> added) {
        int size = pieces.length;
        for (AddedToken token : added) {
            size = Math.max(size, token.id() + 1);
        }
        return size;
    }

    public int mergeCount() {
        return merges.length / 2;
    }

    /// The same with these tokens instead of [#added].
    BytePairSpec withAdded(List<AddedToken> tokens) {
        return new BytePairSpec(pieces, merges, new ArrayList<>(tokens), split, normalizer, ignoreMerges, prefixSpace, before, after, bos, eos);
    }

    /// The token as files write it: by name if it is an added one, else in the byte alphabet; null if no token has this id.
    String written(int id) {
        for (AddedToken token : added) {
            if (token.id() == id) {
                return token.content();
            }
        }
        return id < pieces.length ? pieces[id] : null;
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException("tokenizer: " + otherwise);
        }
    }
}
