package dev.jackdaw.model.token;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;

/// A tokenizer put together from parts, as `tokenizers` and SentencePiece do it: added tokens are cut out by name, what lies between is
/// cleaned ([Normalization]), cut into words ([PreTokenizer]), and each word becomes pieces ([PieceModel]); [PieceDecoder] leads back.
///
/// Byte-level BPE has a shorter way of its own, [BytePairTokenizer]; here is everything else.
public final class PipelineTokenizer implements Tokenizer {
    private static final byte[] NOTHING = {};

    /// The parts.
    ///
    /// @param normalization null for none
    /// @param preTokenizer  null: a text is one word
    /// @param before        ids that `addSpecial` puts before a text
    /// @param after         ids that `addSpecial` puts after it
    record Parts(PieceModel model, List<AddedToken> added, Normalization normalization, PreTokenizer preTokenizer, PieceDecoder decoder, int[] before,
                 int[] after) {
        Parts {
            added = List.copyOf(added);
            int size = model.pieces().size();
            for (AddedToken token : added) {
                size = Math.max(size, token.id() + 1);
            }
            if (size > BytePairSpec.MOST_IDS) {
                throw new IllegalArgumentException("tokenizer: the highest id is " + (size - 1) + "; it must be below " + BytePairSpec.MOST_IDS);
            }
            for (int[] around : List.of(before, after)) {
                for (int id : around) {
                    if (id < 0 || id >= size) {
                        throw new IllegalArgumentException("tokenizer: special id " + id + " lies outside of the vocabulary of " + size);
                    }
                }
            }
        }
    }

    private final Parts parts;
    private final TokenRole.Ids roles;
    private final String[] written;                     // by id: pieces and added tokens
    private final AddedTokens added;
    private final byte[][] bytes;                       // of each token in the middle of a text, as far as asked for
    private final ArrayBlockingQueue<PieceModel.Worker> idle = new ArrayBlockingQueue<>(Runtime.getRuntime().availableProcessors());

    PipelineTokenizer(Parts parts, TokenRole.Ids roles) {
        this.parts = parts;
        Pieces pieces = parts.model.pieces();
        int size = pieces.size();
        for (AddedToken token : parts.added) {
            size = Math.max(size, token.id() + 1);
        }
        written = new String[size];
        bytes = new byte[size][];
        for (int id = 0; id < pieces.size(); id++) {
            written[id] = pieces.get(id);
        }
        for (AddedToken token : parts.added) {
            written[token.id()] = token.content();
        }
        added = new AddedTokens(parts.added, this::normalize);
        this.roles = roles.with(TokenRole.UNKNOWN, parts.model.unknown()).guessing(name -> id(name).orElse(-1));
    }

    Parts parts() {
        return parts;
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
        PieceModel.Worker polled = idle.poll();
        PieceModel.Worker worker = polled == null ? parts.model.worker() : polled;
        SpecialMatcher normalized = rounds.normalized();
        rounds.raw().cut(text, from, to, ids, (piece, start, end) -> {
            byte[] clean = normalize(Arrays.copyOfRange(piece, start, end));
            normalized.cut(clean, 0, clean.length, ids, (t, f, e) -> {
                if (parts.preTokenizer == null) {
                    worker.encode(t, f, e, ids);
                } else {
                    parts.preTokenizer.cut(t, f, e, start == from && f == 0, (word, wordStart, wordEnd) -> worker.encode(word, wordStart, wordEnd, ids));
                }
            });
        });
        idle.offer(worker);
    }

    /// All that decides about ids, as text, for a fingerprint.
    String describe() {
        String numbers = switch (parts.model) {
            case PieceMerges merges -> merges.describe();
            case Unigram unigram -> Arrays.toString(unigram.scores()) + Arrays.toString(unigram.types()) + unigram.byteFallback();
            case WordPiece words -> words.prefix();
        };
        return parts.model.getClass().getSimpleName() + Arrays.toString(written) + numbers + parts.model.unknown() + parts.added + parts.normalization + parts.preTokenizer
            + Arrays.toString(parts.before) + Arrays.toString(parts.after);
    }

    private byte[] normalize(byte[] text) {
        return parts.normalization == null ? text : parts.normalization.apply(text);
    }

    @Override
    public int[] idsBefore() {
        return parts.before.clone();
    }

    @Override
    public int[] idsAfter() {
        return parts.after.clone();
    }

    @Override
    public Decoding decoding(boolean skipSpecial) {
        return new Decoder(skipSpecial);
    }

    /// Knows how far a text has come, since first tokens are written in their own way.
    private final class Decoder implements Decoding {
        private final boolean skipSpecial;
        private boolean isFirst = true;
        private int strip = parts.decoder.firstStrip();

        Decoder(boolean skipSpecial) {
            this.skipSpecial = skipSpecial;
        }

        @Override
        public byte[] next(int id) {
            if (id < 0 || id >= written.length || written[id] == null || skipSpecial && added.isSpecial(id)) {
                return NOTHING;
            }
            byte[] text = isFirst ? write(id, true) : bytes(id);
            isFirst &= parts.decoder.untilText() && text.length == 0;
            int drop = 0;
            while (strip > 0 && drop < text.length && text[drop] == parts.decoder.stripped()) {
                drop++;
                strip--;
            }
            if (drop < text.length) {
                strip = 0;
            }
            return drop == 0 ? text : Arrays.copyOfRange(text, drop, text.length);
        }
    }

    private byte[] write(int id, boolean isFirst) {
        int b = byteOf(id);
        if (b >= 0) {
            return new byte[] {(byte) b};
        }
        if (id == parts.model.unknown() && parts.decoder.unknown() != null) {
            return Utf8.bytes(parts.decoder.unknown());
        }
        return parts.decoder.decode(written[id], isFirst);
    }

    private int byteOf(int id) {
        return parts.decoder.bytes() && !added.has(id) ? parts.model.pieces().byteOf(id) : -1;
    }

    @Override
    public String decode(int[] ids, boolean skipSpecial) {
        if (!parts.decoder.bytes()) {
            return Utf8.text(decodeBytes(ids, skipSpecial));
        }
        Decoding decoding = decoding(skipSpecial);
        StringBuilder text = new StringBuilder();
        Bytes run = new Bytes(16);
        for (int id : ids) {
            byte[] next = decoding.next(id);
            if (id >= 0 && id < written.length && byteOf(id) >= 0) {
                run.add(next, 0, next.length);
            } else if (next.length > 0) {
                flush(run, text);
                text.append(Utf8.text(next));
            }
        }
        flush(run, text);
        return text.toString();
    }

    private void flush(Bytes run, StringBuilder text) {
        if (run.size() > 0) {
            text.append(parts.decoder.text(Arrays.copyOf(run.array(), run.size())));
            run.cutTo(0);
        }
    }

    @Override
    public int vocabularySize() {
        return written.length;
    }

    @Override
    public byte[] bytes(int id) {
        if (id < 0 || id >= written.length || written[id] == null) {
            return NOTHING;
        }
        byte[] known = bytes[id];
        if (known == null) {
            known = write(id, false);
            bytes[id] = known;                          // two threads may both do this, with the same result
        }
        return known.clone();
    }

    @Override
    public String piece(int id) {
        return id < 0 || id >= written.length || written[id] == null ? "" : written[id];
    }

    @Override
    public OptionalInt id(String piece) {
        if (added.id(piece) != null) {
            return OptionalInt.of(added.id(piece));
        }
        int id = parts.model.pieces().id(piece);
        return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
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
