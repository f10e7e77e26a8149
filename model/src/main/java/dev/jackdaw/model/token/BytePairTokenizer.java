package dev.jackdaw.model.token;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;

/// Byte-level BPE in use: added tokens are cut out by name, the rest is cut into words ([Split]), each word is looked up ([WordCache])
/// or merged ([Merger]).
///
/// Gives what `tokenizers` (Hugging Face) gives for the same [BytePairSpec], and goes on where that would refuse: any bytes can be
/// encoded, and without a normalizer `decodeBytes(encode(x))` is `x`.
public final class BytePairTokenizer implements Tokenizer {
    private static final byte[] NOTHING = {};

    private final BytePairSpec spec;
    private final byte[][] bytes;                       // by id; never null
    private final TokenRole.Ids roles;
    private final AddedTokens added;
    private final Map<String, Integer> idOfPiece;       // the vocabulary, in the byte alphabet
    private final int[] idOfByte = new int[256];        // -1: the vocabulary lacks this byte
    private final LongIntMap rankOfPair;
    private final int[] resultOfRank;
    private final ArrayBlockingQueue<Encoder> idle = new ArrayBlockingQueue<>(Runtime.getRuntime().availableProcessors());

    public BytePairTokenizer(BytePairSpec spec) {
        this(spec, new TokenRole.Ids());
    }

    /// @param roles what the file says about tokens beyond the specification
    BytePairTokenizer(BytePairSpec spec, TokenRole.Ids roles) {
        this.spec = spec;
        String[] pieces = spec.pieces();
        idOfPiece = HashMap.newHashMap(pieces.length);
        bytes = new byte[spec.size()][];
        Arrays.fill(bytes, NOTHING);
        for (int id = 0; id < pieces.length; id++) {
            if (pieces[id] != null) {
                Integer other = idOfPiece.putIfAbsent(pieces[id], id);
                if (other != null) {
                    throw new IllegalArgumentException("tokenizer: tokens " + other + " and " + id + " are both \"" + pieces[id] + "\"");
                }
                bytes[id] = ByteAlphabet.read(pieces[id]);
            }
        }
        added = new AddedTokens(spec.added(), this::normalize);
        for (AddedToken token : spec.added()) {
            bytes[token.id()] = Utf8.bytes(token.content());
        }
        for (int b = 0; b < 256; b++) {
            idOfByte[b] = idOfPiece.getOrDefault(ByteAlphabet.write(new byte[] {(byte) b}), -1);
        }
        rankOfPair = new LongIntMap(spec.mergeCount());
        resultOfRank = new int[spec.mergeCount()];
        for (int rank = 0; rank < resultOfRank.length; rank++) {
            int left = spec.merges()[2 * rank];
            int right = spec.merges()[2 * rank + 1];
            Integer result = idOfPiece.get(pieces[left] + pieces[right]);
            if (result == null) {
                throw new IllegalArgumentException("tokenizer: merge " + rank + " joins \"" + pieces[left] + "\" and \"" + pieces[right]
                    + "\", but the vocabulary has no \"" + pieces[left] + pieces[right] + "\"");
            }
            resultOfRank[rank] = result;
            rankOfPair.put(LongIntMap.pair(left, right), rank);
        }
        this.roles = roles.with(TokenRole.BEGIN, spec.bos()).with(TokenRole.END, spec.eos()).guessing(name -> id(name).orElse(-1));
    }

    /// What this tokenizer is made of; the writers ([TokenizerJson], [GgufTokenizer]) take it.
    public BytePairSpec spec() {
        return spec;
    }

    @Override
    public void encode(byte[] text, int from, int to, boolean parseSpecial, TokenList ids) {
        Objects.checkFromToIndex(from, to, text.length);
        encode(text, from, to, added.rounds(parseSpecial), ids);
    }

    @Override
    public void encodeTyped(byte[] text, Set<String> names, TokenList ids) {
        encode(text, 0, text.length, added.without(names), ids);
    }

    private void encode(byte[] text, int from, int to, AddedTokens.Rounds rounds, TokenList ids) {
        Encoder encoder = idle.poll();
        if (encoder == null) {
            encoder = new Encoder();
        }
        encoder.encode(text, from, to, rounds, ids);
        idle.offer(encoder);
    }

    /// What one thread needs for itself while it encodes. Kept between calls, for the words it remembers.
    private final class Encoder {
        private final WordCache cache = new WordCache();
        private final Merger merger = new Merger(rankOfPair, resultOfRank);

        void encode(byte[] text, int from, int to, AddedTokens.Rounds rounds, TokenList ids) {
            if (rounds.isEmpty() && spec.normalizer() == null) {
                plain(text, from, to, ids);
                return;
            }
            SpecialMatcher normalized = rounds.normalized();
            rounds.raw().cut(text, from, to, ids, (piece, start, end) -> {
                byte[] clean = spec.normalizer() == null || Utf8.isAscii(piece, start, end) ? null : normalize(Arrays.copyOfRange(piece, start, end));
                if (clean != null) {
                    normalized.cut(clean, 0, clean.length, ids, (t, f, e) -> plain(t, f, e, ids));
                } else {
                    normalized.cut(piece, start, end, ids, (t, f, e) -> plain(t, f, e, ids));
                }
            });
        }

        private void plain(byte[] text, int from, int to, TokenList ids) {
            if (spec.prefixSpace() && to > from && text[from] != ' ') {
                byte[] spaced = new byte[to - from + 1];
                spaced[0] = ' ';
                System.arraycopy(text, from, spaced, 1, to - from);
                words(spaced, 0, spaced.length, ids);
            } else {
                words(text, from, to, ids);
            }
        }

        private void words(byte[] text, int from, int to, TokenList ids) {
            if (!(spec.split() instanceof Split split)) {
                if (from < to) {
                    spec.split().cut(text, from, to, false, (piece, start, end) -> lookUp(piece, start, end, ids));
                }
                return;
            }
            int at = from;
            while (at < to) {
                int end = split.next(text, at, to);
                lookUp(text, at, end, ids);
                at = end;
            }
        }

        private void lookUp(byte[] text, int from, int to, TokenList ids) {
            if (!cache.append(text, from, to - from, ids)) {
                int size = ids.size();
                word(text, from, to, ids);
                cache.put(text, from, to - from, ids, size);
            }
        }

        private void word(byte[] text, int from, int to, TokenList ids) {
            if (spec.ignoreMerges() && to - from <= LONGEST_LOOKUP) {
                Integer whole = idOfPiece.get(ByteAlphabet.write(Arrays.copyOfRange(text, from, to)));
                if (whole != null) {
                    ids.add(whole);
                    return;
                }
            }
            merger.merge(text, from, to, idOfByte, ids);
        }
    }

    /// No vocabulary has longer tokens; longer words are not looked up whole.
    private static final int LONGEST_LOOKUP = 1 << 16;

    /// Normalises the valid stretches of UTF-8 and leaves other bytes where they are.
    private byte[] normalize(byte[] text) {
        if (spec.normalizer() == null) {
            return text;
        }
        return Utf8.mapValid(text, valid -> Normalizer.normalize(valid, spec.normalizer()));
    }

    @Override
    public int[] idsBefore() {
        return spec.before().clone();
    }

    @Override
    public int[] idsAfter() {
        return spec.after().clone();
    }

    @Override
    public byte[] decodeBytes(int[] ids, boolean skipSpecial) {
        int length = 0;
        for (int id : ids) {
            length += id >= 0 && id < bytes.length && !(skipSpecial && added.isSpecial(id)) ? bytes[id].length : 0;
        }
        byte[] text = new byte[length];
        int at = 0;
        for (int id : ids) {
            if (id >= 0 && id < bytes.length && !(skipSpecial && added.isSpecial(id))) {
                System.arraycopy(bytes[id], 0, text, at, bytes[id].length);
                at += bytes[id].length;
            }
        }
        return text;
    }

    @Override
    public int vocabularySize() {
        return bytes.length;
    }

    @Override
    public byte[] bytes(int id) {
        return id >= 0 && id < bytes.length ? bytes[id].clone() : NOTHING;
    }

    @Override
    public String piece(int id) {
        String written = id >= 0 ? spec.written(id) : null;
        return written == null ? "" : written;
    }

    @Override
    public OptionalInt id(String piece) {
        Integer id = added.id(piece) == null ? idOfPiece.get(piece) : added.id(piece);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    @Override
    public boolean isSpecial(int id) {
        return added.isSpecial(id);
    }

    @Override
    public OptionalInt token(TokenRole role) {
        return roles.token(role);
    }

    @Override
    public boolean ends(int id) {
        return roles.ends(id);
    }
}
