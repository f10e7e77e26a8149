package dev.jackdaw.model.token;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Reads `tokenizer.model`, the file of SentencePiece: a protocol buffer (`sentencepiece_model.proto`) with the pieces, the kind of model, and the
/// normalizer. Only the fields that change what a text becomes are read.
///
/// ```
/// ModelProto       1 pieces (repeated)   2 trainer_spec   3 normalizer_spec
/// SentencePiece    1 piece   2 score (float)   3 type (1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte)
/// TrainerSpec      3 model_type (1 unigram, 2 bpe, 3 word, 4 char)   24 treat_whitespace_as_suffix   35 byte_fallback
///                  40 unk_id   41 bos_id   42 eos_id   43 pad_id   44 unk_surface
/// NormalizerSpec   2 precompiled_charsmap   3 add_dummy_prefix   4 remove_extra_whitespaces   5 escape_whitespaces
/// ```
final class SentencePieceModel {
    private static final int UNIGRAM = 1;
    private static final int BPE = 2;

    private final String name;
    private final List<String> pieces = new ArrayList<>();
    private float[] scores = new float[1024];
    private int[] types = new int[1024];
    // As the schema says where the file says nothing.
    private int modelType = UNIGRAM;
    private boolean byteFallback;
    private boolean spaceAsSuffix;
    private int unknown;
    private int begin = 1;
    private int end = 2;
    private int padding = -1;
    private String unknownText = " \u2047 ";
    private byte[] charsmap = new byte[0];
    private boolean prefixSpace = true;
    private boolean trim = true;
    private boolean escape = true;

    private SentencePieceModel(String name) {
        this.name = name;
    }

    /// @param name   what messages call the file
    /// @param config what `tokenizer_config.json` beside it says, or null
    static PipelineTokenizer read(byte[] file, String name, TokenizerConfig config) {
        SentencePieceModel model = new SentencePieceModel(name);
        try {
            model.fields(file);
            return model.tokenizer(config);
        } catch (IllegalArgumentException e) {
            throw TokenizerJson.brief(e, name);
        }
    }

    private void fields(byte[] file) {
        ProtocolBuffer in = new ProtocolBuffer(file, 0, file.length, name);
        while (in.next()) {
            switch (in.field()) {
                case 1 -> piece(in.message());
                case 2 -> trainer(in.message());
                case 3 -> normalizer(in.message());
                default -> in.skip();
            }
        }
        if (pieces.isEmpty()) {
            throw new IllegalArgumentException(name + ": there are no pieces; is this a SentencePiece model?");
        }
    }

    private void piece(ProtocolBuffer in) {
        int id = pieces.size();
        if (id == BytePairSpec.MOST_IDS) {
            throw in.error("more than " + BytePairSpec.MOST_IDS + " pieces");
        }
        if (id == scores.length) {
            scores = Arrays.copyOf(scores, id * 2);
            types = Arrays.copyOf(types, id * 2);
        }
        String piece = "";
        types[id] = GgufTokenizer.NORMAL;
        while (in.next()) {
            switch (in.field()) {
                case 1 -> piece = in.text();
                case 2 -> scores[id] = in.real();
                case 3 -> types[id] = in.integer();
                default -> in.skip();
            }
        }
        if (piece.isEmpty() || types[id] < GgufTokenizer.NORMAL || types[id] > GgufTokenizer.BYTE || Float.isNaN(scores[id])) {
            throw in.error("piece " + id + " is \"" + piece + "\" of type " + types[id] + " with score " + scores[id] + "; expected a text, a type from 1 to 6 and a number");
        }
        pieces.add(piece);
    }

    private void trainer(ProtocolBuffer in) {
        while (in.next()) {
            switch (in.field()) {
                case 3 -> modelType = in.integer();
                case 24 -> spaceAsSuffix = in.integer() != 0;
                case 35 -> byteFallback = in.integer() != 0;
                case 40 -> unknown = in.integer();
                case 41 -> begin = in.integer();
                case 42 -> end = in.integer();
                case 43 -> padding = in.integer();
                case 44 -> unknownText = in.text();
                default -> in.skip();
            }
        }
    }

    private void normalizer(ProtocolBuffer in) {
        while (in.next()) {
            switch (in.field()) {
                case 2 -> charsmap = in.bytes();
                case 3 -> prefixSpace = in.integer() != 0;
                case 4 -> trim = in.integer() != 0;
                case 5 -> escape = in.integer() != 0;
                default -> in.skip();
            }
        }
    }

    private PipelineTokenizer tokenizer(TokenizerConfig config) {
        if (modelType != UNIGRAM && modelType != BPE) {
            throw new IllegalArgumentException("model_type " + modelType + " is not supported; expected 1 (unigram) or 2 (bpe)");
        }
        if (spaceAsSuffix) {
            throw new IllegalArgumentException("treat_whitespace_as_suffix is not supported");
        }
        String[] written = pieces.toArray(String[]::new);
        Parts parts = new Parts(written, Arrays.copyOf(scores, written.length), Arrays.copyOf(types, written.length), modelType == BPE, unknown, byteFallback,
            charsmap.length == 0 ? null : new Charsmap(charsmap), prefixSpace, trim, escape, unknownText, true);
        // The file does not say whether a text begins with the beginning token. Llama's tokenizer, which made such files known, does it.
        boolean addBegin = config != null && config.addBos() != null ? config.addBos() : modelType == BPE;
        boolean addEnd = config != null && config.addEos() != null ? config.addEos() : modelType == UNIGRAM;
        PipelineTokenizer.Parts all = parts.assemble(addBegin && has(begin) ? new int[] {begin} : new int[0], addEnd && has(end) ? new int[] {end} : new int[0]);
        if (config != null && !config.added().isEmpty()) {
            all = withAdded(all, config.added());
        }
        TokenRole.Ids roles = config == null ? new TokenRole.Ids() : config.roles(new PipelineTokenizer(all, new TokenRole.Ids()));
        roles = roles.with(TokenRole.BEGIN, has(begin) ? begin : -1).with(TokenRole.END, has(end) ? end : -1).with(TokenRole.PADDING, has(padding) ? padding : -1);
        return new PipelineTokenizer(all, roles);
    }

    /// Tokens that were added to the model after its training; their flags count also where the model has the token itself.
    private static PipelineTokenizer.Parts withAdded(PipelineTokenizer.Parts parts, List<AddedToken> more) {
        List<AddedToken> added = new ArrayList<>(more);
        for (AddedToken token : parts.added()) {
            if (more.stream().noneMatch(other -> other.id() == token.id())) {
                added.add(token);
            }
        }
        return new PipelineTokenizer.Parts(parts.model(), added, parts.normalization(), parts.preTokenizer(), parts.decoder(), parts.before(), parts.after());
    }

    private boolean has(int id) {
        return id >= 0 && id < pieces.size();
    }

    /// What SentencePiece knows about a model, from its own file or from GGUF metadata.
    record Parts(String[] pieces, float[] scores, int[] types, boolean isBpe, int unknown, boolean byteFallback, Charsmap charsmap, boolean prefixSpace,
                 boolean trim, boolean escape, String unknownText, boolean exact) {
        PipelineTokenizer.Parts assemble(int[] before, int[] after) {
            if (unknown >= pieces.length) {
                throw new IllegalArgumentException("unk_id is " + unknown + "; the vocabulary has " + pieces.length + " pieces");
            }
            List<AddedToken> added = new ArrayList<>();
            List<String> defined = new ArrayList<>();
            for (int id = 0; id < pieces.length; id++) {
                if (types[id] == GgufTokenizer.CONTROL && !pieces[id].isEmpty()) {
                    added.add(AddedToken.of(id, pieces[id], true));
                } else if (types[id] == GgufTokenizer.USER_DEFINED) {
                    defined.add(pieces[id]);
                }
            }
            PieceModel model = isBpe ? PieceMerges.scored(pieces, new PieceMerges.Scored(types, scores), unknown, byteFallback)
                : new Unigram(pieces, scores, types, unknown, byteFallback, exact);
            PieceDecoder decoder = new PieceDecoder(List.of(new PieceDecoder.Spaces(prefixSpace || trim)), true, 0, ' ', PieceDecoder.Broken.EACH_BYTE, trim,
                unknownText);
            return new PipelineTokenizer.Parts(model, added, new Normalization.SentencePiece(charsmap, prefixSpace, trim, escape, defined), null, decoder, before, after);
        }
    }

    /// A message in the wire format of protocol buffers: fields, each with its number and how its value is stored.
    static final class ProtocolBuffer {
        private final byte[] bytes;
        private final int end;
        private final String name;
        private int at;
        private int field;
        private int wire;

        ProtocolBuffer(byte[] bytes, int from, int end, String name) {
            this.bytes = bytes;
            this.at = from;
            this.end = end;
            this.name = name;
        }

        IllegalArgumentException error(String message) {
            return new IllegalArgumentException(name + ": at byte " + at + ": " + message);
        }

        boolean next() {
            if (at >= end) {
                return false;
            }
            long key = varint();
            field = (int) (key >>> 3);
            wire = (int) key & 7;
            if (key >>> 3 == 0 || key >>> 3 > 536_870_911) {
                throw error("field number " + (key >>> 3) + "; this is no protocol buffer");
            }
            return true;
        }

        int field() {
            return field;
        }

        private void expect(int type, String what) {
            if (wire != type) {
                throw error("field " + field + " has wire type " + wire + "; expected " + type + ", " + what);
            }
        }

        private long varint() {
            long value = 0;
            for (int shift = 0; shift < 70; shift += 7) {
                if (at >= end) {
                    throw error("the message ends inside a number");
                }
                byte b = bytes[at++];
                value |= (long) (b & 0x7F) << shift;
                if (b >= 0) {
                    return value;
                }
            }
            throw error("a number has more than ten bytes");
        }

        int integer() {
            expect(0, "a number");
            return (int) varint();
        }

        float real() {
            expect(5, "four bytes");
            int from = take(4);
            return Float.intBitsToFloat(bytes[from] & 0xFF | (bytes[from + 1] & 0xFF) << 8 | (bytes[from + 2] & 0xFF) << 16 | bytes[from + 3] << 24);
        }

        private int take(long length) {
            if (length < 0 || length > end - at) {
                throw error("field " + field + " has " + Long.toUnsignedString(length) + " bytes, but only " + (end - at) + " are left; the file is truncated or corrupt");
            }
            int from = at;
            at += (int) length;
            return from;
        }

        private int length() {
            expect(2, "a length and as many bytes");
            return take(varint());
        }

        byte[] bytes() {
            int from = length();
            return Arrays.copyOfRange(bytes, from, at);
        }

        String text() {
            int from = length();
            return new String(bytes, from, at - from, StandardCharsets.UTF_8);
        }

        ProtocolBuffer message() {
            int from = length();
            return new ProtocolBuffer(bytes, from, at, name);
        }

        void skip() {
            switch (wire) {
                case 0 -> varint();
                case 1 -> take(8);
                case 2 -> length();
                case 5 -> take(4);
                default -> throw error("field " + field + " has wire type " + wire + "; expected 0, 1, 2 or 5");
            }
        }
    }
}
