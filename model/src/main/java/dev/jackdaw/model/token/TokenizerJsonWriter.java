package dev.jackdaw.model.token;

import java.io.ByteArrayOutputStream;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.json.JsonMapper;

/// Writes a [BytePairSpec] as `tokenizer.json`; the same specification always gives the same bytes.
final class TokenizerJsonWriter {
    private final BytePairSpec spec;
    private final JsonGenerator json;

    private TokenizerJsonWriter(BytePairSpec spec, JsonGenerator json) {
        this.spec = spec;
        this.json = json;
    }

    static byte[] write(BytePairSpec spec) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = JsonMapper.builder().build().writerWithDefaultPrettyPrinter().createGenerator(out)) {
            new TokenizerJsonWriter(spec, json).write();
        }
        return out.toByteArray();
    }

    private void write() {
        json.writeStartObject();
        json.writeStringProperty("version", "1.0");
        json.writeNullProperty("truncation");
        json.writeNullProperty("padding");
        addedTokens();
        if (spec.normalizer() == null) {
            json.writeNullProperty("normalizer");
        } else {
            json.writeObjectPropertyStart("normalizer");
            json.writeStringProperty("type", spec.normalizer().name());
            json.writeEndObject();
        }
        preTokenizer();
        postProcessor();
        json.writeName("decoder");
        byteLevel(true, true);
        model();
        json.writeEndObject();
    }

    private void addedTokens() {
        json.writeArrayPropertyStart("added_tokens");
        for (AddedToken token : spec.added()) {
            json.writeStartObject();
            json.writeNumberProperty("id", token.id());
            json.writeStringProperty("content", token.content());
            json.writeBooleanProperty("single_word", token.singleWord());
            json.writeBooleanProperty("lstrip", token.leftStrip());
            json.writeBooleanProperty("rstrip", token.rightStrip());
            json.writeBooleanProperty("normalized", token.normalized());
            json.writeBooleanProperty("special", token.special());
            json.writeEndObject();
        }
        json.writeEndArray();
    }

    private void preTokenizer() {
        json.writeName("pre_tokenizer");
        if (!(spec.split() instanceof Split split)) {
            steps(spec.split() instanceof PreTokenizer.Chain(List<PreTokenizer> steps) ? steps : List.of(spec.split()));
            return;
        }
        if (split == Split.GPT2) {
            byteLevel(spec.prefixSpace(), true);
            return;
        }
        json.writeStartObject();
        json.writeStringProperty("type", "Sequence");
        json.writeArrayPropertyStart("pretokenizers");
        json.writeStartObject();
        if (split == Split.SMOLLM) {
            json.writeStringProperty("type", "Digits");
            json.writeBooleanProperty("individual_digits", true);
        } else {
            json.writeStringProperty("type", "Split");
            json.writeObjectPropertyStart("pattern");
            json.writeStringProperty("Regex", split.expression());
            json.writeEndObject();
            json.writeStringProperty("behavior", "Isolated");
            json.writeBooleanProperty("invert", false);
        }
        json.writeEndObject();
        byteLevel(spec.prefixSpace(), split == Split.SMOLLM);
        json.writeEndArray();
        json.writeEndObject();
    }

    /// Rules of several steps. `ByteLevel` stands before those that see the byte alphabet; where they follow the rule of GPT-2, it brings that.
    private void steps(List<PreTokenizer> steps) {
        json.writeStartObject();
        json.writeStringProperty("type", "Sequence");
        json.writeArrayPropertyStart("pretokenizers");
        boolean bytes = false;
        for (int i = 0; i < steps.size(); i++) {
            boolean onAlphabet = steps.get(i) instanceof PreTokenizer.OnAlphabet;
            boolean nextOnAlphabet = i + 1 < steps.size() && steps.get(i + 1) instanceof PreTokenizer.OnAlphabet;
            if (!bytes && (onAlphabet || nextOnAlphabet && steps.get(i) == Split.GPT2)) {
                byteLevel(spec.prefixSpace(), !onAlphabet);
                bytes = true;
                if (!onAlphabet) {
                    continue;
                }
            }
            json.writePOJO(PipelineJsonWriter.preTokenizer(steps.get(i) instanceof PreTokenizer.OnAlphabet(PreTokenizer inner) ? inner : steps.get(i)));
        }
        if (!bytes) {
            byteLevel(spec.prefixSpace(), false);
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private void byteLevel(boolean prefixSpace, boolean regex) {
        json.writeStartObject();
        json.writeStringProperty("type", "ByteLevel");
        json.writeBooleanProperty("add_prefix_space", prefixSpace);
        json.writeBooleanProperty("trim_offsets", true);
        json.writeBooleanProperty("use_regex", regex);
        json.writeEndObject();
    }

    private void postProcessor() {
        if (spec.before().length == 0 && spec.after().length == 0) {
            json.writeNullProperty("post_processor");
            return;
        }
        Set<Integer> used = new LinkedHashSet<>();
        json.writeObjectPropertyStart("post_processor");
        json.writeStringProperty("type", "TemplateProcessing");
        for (String kind : new String[] {"single", "pair"}) {
            json.writeArrayPropertyStart(kind);
            for (int text = 0; text < (kind.equals("single") ? 1 : 2); text++) {
                for (int id : spec.before()) {
                    templatePart("SpecialToken", spec.written(id), text);
                    used.add(id);
                }
                templatePart("Sequence", text == 0 ? "A" : "B", text);
                for (int id : spec.after()) {
                    templatePart("SpecialToken", spec.written(id), text);
                    used.add(id);
                }
            }
            json.writeEndArray();
        }
        json.writeObjectPropertyStart("special_tokens");
        for (int id : used) {
            json.writeObjectPropertyStart(spec.written(id));
            json.writeStringProperty("id", spec.written(id));
            json.writeArrayPropertyStart("ids");
            json.writeNumber(id);
            json.writeEndArray();
            json.writeArrayPropertyStart("tokens");
            json.writeString(spec.written(id));
            json.writeEndArray();
            json.writeEndObject();
        }
        json.writeEndObject();
        json.writeEndObject();
    }

    private void templatePart(String kind, String id, int type) {
        json.writeStartObject();
        json.writeObjectPropertyStart(kind);
        json.writeStringProperty("id", id);
        json.writeNumberProperty("type_id", type);
        json.writeEndObject();
        json.writeEndObject();
    }

    private void model() {
        json.writeObjectPropertyStart("model");
        json.writeStringProperty("type", "BPE");
        for (String option : new String[] {"dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"}) {
            json.writeNullProperty(option);
        }
        json.writeBooleanProperty("fuse_unk", false);
        json.writeBooleanProperty("byte_fallback", false);
        json.writeBooleanProperty("ignore_merges", spec.ignoreMerges());
        json.writeObjectPropertyStart("vocab");
        String[] pieces = spec.pieces();
        for (int id = 0; id < pieces.length; id++) {
            if (pieces[id] != null) {
                json.writeNumberProperty(pieces[id], id);
            }
        }
        json.writeEndObject();
        json.writeArrayPropertyStart("merges");
        for (int i = 0; i < spec.merges().length; i += 2) {
            json.writeStartArray();
            json.writeString(pieces[spec.merges()[i]]);
            json.writeString(pieces[spec.merges()[i + 1]]);
            json.writeEndArray();
        }
        json.writeEndArray();
        json.writeEndObject();
    }
}
