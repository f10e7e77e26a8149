package dev.jackdaw.model.token;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// BPE over characters, as SentencePiece trains it for Llama 2, Mistral, Phi-3 and Gemma: a word begins as its characters, and again and
/// again the best pair of neighbours is joined. What the best pair is comes from a list of merges (`tokenizer.json`) or from a score of
/// each piece (`tokenizer.model`, GGUF); of equal scores the leftmost pair goes first.
///
/// A character without a piece becomes its UTF-8 bytes, `<0xE2><0x96><0x81>`, or the unknown token. Pieces the user defined are taken out
/// of the text first and never merged with anything.
///
/// Deviation: a piece marked unused is taken apart into its best pair of parts; SentencePiece takes the pair it happened to look at last.
final class PieceMerges implements PieceModel {
    /// What the file says about the pieces; see [GgufTokenizer#NORMAL] and its siblings.
    ///
    /// @param types  by id
    /// @param scores by id
    record Scored(int[] types, float[] scores) {
    }

    /// @param pairs left id, right id, …; what comes first is merged first
    record Ranked(int[] pairs) {
    }

    private final Pieces pieces;
    private final int unknown;
    private final boolean fuseUnknown;
    private final boolean byteFallback;
    private final boolean ignoreMerges;
    private final Scored scored;               // or null
    private final Ranked ranked;               // or null
    private final LongIntMap rankOfPair;
    private final int[] resultOfRank;
    private final int[] orderOfRank;           // null if ranked
    private final LongIntMap idOfCharacter = new LongIntMap(256);
    private final int[] idOfAscii = new int[128];
    private final boolean cutAtSpaces;
    private final SpecialMatcher userDefined;
    private final TokenList extraCharacters = new TokenList();      // characters that are no piece but part of one; their ids follow the vocabulary
    private final int[][] partsOfUnused;       // null if no piece is unused

    static PieceMerges ranked(String[] written, Ranked ranked, int unknown, boolean fuseUnknown, boolean byteFallback, boolean ignoreMerges) {
        return new PieceMerges(new Pieces(written), null, ranked, unknown, fuseUnknown, byteFallback, ignoreMerges);
    }

    static PieceMerges scored(String[] written, Scored scored, int unknown, boolean byteFallback) {
        return new PieceMerges(new Pieces(written), scored, null, unknown, true, byteFallback, false);
    }

    private PieceMerges(Pieces pieces, Scored scored, Ranked ranked, int unknown, boolean fuseUnknown, boolean byteFallback, boolean ignoreMerges) {
        this.pieces = pieces;
        this.scored = scored;
        this.ranked = ranked;
        this.unknown = unknown;
        this.fuseUnknown = fuseUnknown;
        this.byteFallback = byteFallback;
        this.ignoreMerges = ignoreMerges;
        cutAtSpaces = pieces.spaceBeginsWords();
        Arrays.fill(idOfAscii, -1);
        for (int id = 0; id < pieces.size(); id++) {
            String piece = pieces.get(id);
            if (piece != null && pieces.id(piece) == id && isText(id) && piece.codePointCount(0, piece.length()) == 1) {
                putCharacter(piece.codePointAt(0), id);
            }
        }
        List<AddedToken> defined = new ArrayList<>();
        TokenList results = new TokenList();
        if (scored != null) {
            rankOfPair = new LongIntMap(pieces.size() * 4);
            boolean unused = false;
            for (int id = 0; id < pieces.size(); id++) {
                if (pieces.get(id) == null || pieces.id(pieces.get(id)) != id || !isText(id)) {
                    continue;
                }
                unused |= scored.types[id] == GgufTokenizer.UNUSED;
                if (scored.types[id] == GgufTokenizer.USER_DEFINED) {
                    defined.add(AddedToken.of(id, pieces.get(id), false));
                }
                addSplits(id, results);
            }
            resultOfRank = results.toArray();
            orderOfRank = orders(resultOfRank, scored.scores);
            partsOfUnused = unused ? partsOfUnused() : null;
        } else {
            int[] pairs = ranked.pairs;
            rankOfPair = new LongIntMap(pairs.length / 2);
            for (int i = 0; i < pairs.length; i += 2) {
                String joined = pieces.get(pairs[i]) + pieces.get(pairs[i + 1]);
                int result = pieces.id(joined);
                if (result < 0) {
                    throw new IllegalArgumentException("tokenizer: merge " + i / 2 + " joins \"" + pieces.get(pairs[i]) + "\" and \""
                        + pieces.get(pairs[i + 1]) + "\", but the vocabulary has no \"" + joined + "\"");
                }
                rankOfPair.put(LongIntMap.pair(pairs[i], pairs[i + 1]), i / 2);
                results.add(result);
            }
            resultOfRank = results.toArray();
            orderOfRank = null;
            partsOfUnused = null;
        }
        userDefined = new SpecialMatcher(defined, defined.stream().map(token -> Utf8.bytes(token.content())).toList());
    }

    private boolean isText(int id) {
        return scored == null || switch (scored.types[id]) {
            case GgufTokenizer.NORMAL, GgufTokenizer.USER_DEFINED, GgufTokenizer.UNUSED -> true;
            default -> false;
        };
    }

    private void putCharacter(int codePoint, int id) {
        if (codePoint < 128) {
            idOfAscii[codePoint] = id;
        } else {
            idOfCharacter.put(codePoint, id);
        }
    }

    private int character(int codePoint) {
        return codePoint < 128 ? idOfAscii[codePoint] : idOfCharacter.get(codePoint);
    }

    /// All pairs that make this piece. A character that is no piece but part of one gets an id beyond the vocabulary, so that the
    /// tables can speak of it.
    private void addSplits(int id, TokenList results) {
        String piece = pieces.get(id);
        for (int at = piece.offsetByCodePoints(0, 1); at < piece.length(); at = piece.offsetByCodePoints(at, 1)) {
            int left = part(piece.substring(0, at));
            int right = left < 0 ? -1 : part(piece.substring(at));
            if (right >= 0) {
                rankOfPair.put(LongIntMap.pair(left, right), results.size());
                results.add(id);
            }
        }
    }

    private int part(String part) {
        int id = pieces.id(part);
        if (id >= 0 && isText(id)) {
            return id;
        }
        if (part.codePointCount(0, part.length()) != 1) {
            return -1;
        }
        int codePoint = part.codePointAt(0);
        int known = character(codePoint);
        if (known < 0) {
            known = pieces.size() + extraCharacters.size();
            extraCharacters.add(codePoint);
            putCharacter(codePoint, known);
        }
        return known;
    }

    /// The place of each result's score among all scores, the highest first; equal scores share a place.
    private static int[] orders(int[] results, float[] scores) {
        float[] sorted = new float[results.length];
        for (int i = 0; i < results.length; i++) {
            sorted[i] = -scores[results[i]] + 0f;            // + 0 makes one zero of the two
        }
        float[] keys = sorted.clone();
        Arrays.sort(sorted);
        int distinct = 0;
        for (int i = 0; i < sorted.length; i++) {
            if (i == 0 || sorted[i] != sorted[i - 1]) {
                sorted[distinct++] = sorted[i];
            }
        }
        int[] orders = new int[results.length];
        for (int i = 0; i < orders.length; i++) {
            orders[i] = Math.max(0, Arrays.binarySearch(sorted, 0, distinct, keys[i]));
        }
        return orders;
    }

    private int[][] partsOfUnused() {
        int[][] parts = new int[pieces.size()][];
        int[] best = new int[pieces.size()];
        rankOfPair.forEach((pair, rank) -> {
            int id = resultOfRank[rank];
            int left = (int) (pair >>> 32);
            int right = (int) pair;
            int worst = Math.max(left < pieces.size() ? left : 0, right < pieces.size() ? right : 0);
            if (scored.types[id] == GgufTokenizer.UNUSED && (parts[id] == null || worst < best[id])) {
                parts[id] = new int[] {left, right};
                best[id] = worst;
            }
        });
        return parts;
    }

    @Override
    public Pieces pieces() {
        return pieces;
    }

    @Override
    public int unknown() {
        return unknown;
    }

    String describe() {
        return (scored != null ? Arrays.toString(scored.types) + Arrays.toString(scored.scores) : Arrays.toString(ranked.pairs)) + fuseUnknown + byteFallback + ignoreMerges;
    }

    boolean fusesUnknown() {
        return fuseUnknown;
    }

    boolean byteFallback() {
        return byteFallback;
    }

    boolean ignoresMerges() {
        return ignoreMerges;
    }

    /// The merges in their order: left id, right id, … Of scores that are equal, what makes the lower id comes first.
    int[] pairs() {
        if (ranked != null) {
            return ranked.pairs;
        }
        List<long[]> all = new ArrayList<>();                 // order, result, left, right
        rankOfPair.forEach((pair, rank) -> {
            int left = (int) (pair >>> 32);
            int right = (int) pair;
            int result = resultOfRank[rank];
            if (left < pieces.size() && right < pieces.size() && scored.types[result] != GgufTokenizer.UNUSED) {
                all.add(new long[] {orderOfRank[rank], result, left, right});
            }
        });
        all.sort((a, b) -> Arrays.compare(a, b));
        int[] pairs = new int[all.size() * 2];
        for (int i = 0; i < all.size(); i++) {
            pairs[2 * i] = (int) all.get(i)[2];
            pairs[2 * i + 1] = (int) all.get(i)[3];
        }
        return pairs;
    }

    /// Types and scores as files with scores write them; made up in the right order where there is a list of merges.
    Scored asScored(List<AddedToken> added) {
        if (scored != null) {
            return scored;
        }
        int[] types = new int[pieces.size()];
        float[] scores = new float[pieces.size()];
        Arrays.fill(scores, Float.NaN);
        for (int rank = 0; rank < resultOfRank.length; rank++) {
            if (Float.isNaN(scores[resultOfRank[rank]])) {
                scores[resultOfRank[rank]] = -rank;
            }
        }
        int next = -resultOfRank.length;
        for (int id = 0; id < types.length; id++) {
            types[id] = pieces.get(id) == null ? GgufTokenizer.UNUSED : id == unknown ? GgufTokenizer.UNKNOWN
                : pieces.byteOf(id) >= 0 && byteFallback ? GgufTokenizer.BYTE : GgufTokenizer.NORMAL;
            if (Float.isNaN(scores[id])) {
                scores[id] = types[id] == GgufTokenizer.NORMAL ? next-- : 0;
            }
        }
        for (AddedToken token : added) {
            if (token.id() < types.length && types[token.id()] != GgufTokenizer.UNKNOWN) {
                types[token.id()] = token.special() ? GgufTokenizer.CONTROL : GgufTokenizer.USER_DEFINED;
                scores[token.id()] = 0;
            }
        }
        return new Scored(types, scores);
    }

    @Override
    public Worker worker() {
        Worker words = new WordByWord(new OneWord(), cutAtSpaces, fuseUnknown ? unknown : -1);
        return userDefined.isEmpty() ? words : (text, from, to, ids) -> userDefined.cut(text, from, to, ids, (t, f, e) -> words.encode(t, f, e, ids));
    }

    private final class OneWord implements Worker {
        private static final int LONGEST_LOOKUP = 1 << 12;

        private final Merger merger = new Merger(rankOfPair, resultOfRank, orderOfRank);
        private final TokenList symbols = new TokenList();
        private final TokenList merged = new TokenList();

        @Override
        public void encode(byte[] text, int from, int to, TokenList ids) {
            if (ignoreMerges && to - from <= LONGEST_LOOKUP) {
                int whole = pieces.id(Utf8.text(text, from, to));
                if (whole >= 0) {
                    ids.add(whole);
                    return;
                }
            }
            symbols.clear();
            for (int at = from; at < to; ) {
                int character = Utf8.at(text, at, to);
                int end = at + (character < 0 ? 1 : character & 0xFF);
                int id = character < 0 ? -1 : character(character >>> 8);
                if (id >= 0) {
                    symbols.add(id);
                } else {
                    fallBack(text, at, end, symbols);
                }
                at = end;
            }
            if (scored == null) {
                merger.merge(symbols, ids);
                return;
            }
            merged.clear();
            merger.merge(symbols, merged);
            symbols.clear();
            for (int i = 0; i < merged.size(); i++) {
                append(merged.get(i), symbols);
            }
            ids.addAll(symbols.array(), 0, symbols.size());
        }

        private void fallBack(byte[] text, int from, int to, TokenList out) {
            if (byteFallback && pieces.appendBytes(text, from, to, out) || unknown < 0) {
                return;
            }
            if (!fuseUnknown || out.size() == 0 || out.get(out.size() - 1) != unknown) {
                out.add(unknown);
            }
        }

        private void append(int id, TokenList out) {
            if (id >= pieces.size()) {
                byte[] bytes = Utf8.bytes(Character.toString(extraCharacters.get(id - pieces.size())));
                fallBack(bytes, 0, bytes.length, out);
            } else if (partsOfUnused != null && partsOfUnused[id] != null) {
                append(partsOfUnused[id][0], out);
                append(partsOfUnused[id][1], out);
            } else if (id != unknown || !fuseUnknown || out.size() == 0 || out.get(out.size() - 1) != unknown) {
                out.add(id);
            }
        }
    }
}
