package dev.jackdaw.train.eval;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.chat.ChatTemplate;
import dev.jackdaw.model.chat.ChatTemplates;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.engine.Engine;
import dev.jackdaw.model.engine.TokenStream;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.token.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A model that is examined.
///
/// ## Where a prompt ends and a continuation begins
/// A tokenizer may join the last characters of a prompt with the first of a continuation. The rule is that of lm-evaluation-harness
/// (`_encode_pair`): white space at the end of the prompt moves to the continuation; prompt and continuation are encoded together, the
/// prompt alone as well; the continuation is what remains of the first after as many tokens as the second has. If nothing remains, the
/// continuation is encoded by itself. The prompt begins with what the tokenizer puts before a document; an empty one is that, or the token
/// that begins or ends documents. In a conversation the border is a token of the template, and the answer is encoded by itself.
public final class ModelExaminee implements Examinee {
    private static final long PATIENCE_MILLIS = 24 * 3600 * 1000L;
    private static final int AT_ONCE = 16;

    private final Model model;
    private final Tokenizer tokenizer;
    private final ChatTemplate template;      // or null
    private String fingerprint;

    public ModelExaminee(Model model) throws IOException {
        this.model = model;
        tokenizer = model.tokenizer();
        template = ChatTemplates.read(model.path()).orElse(null);
    }

    @Override
    public String fingerprint() {
        if (fingerprint == null) {
            fingerprint = model.forward().fingerprint();
        }
        return fingerprint;
    }

    @Override
    public Map<String, Object> settings(Format format) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("activations", model.forward().device().activations().toString());
        if (format == Format.CHAT) {
            settings.put("template", HexFormat.of().formatHex(Rows.sha256().digest(template().source().getBytes(StandardCharsets.UTF_8))).substring(0, 16));
        }
        return settings;
    }

    private ChatTemplate template() {
        if (template == null) {
            throw new IllegalArgumentException("eval: " + model.path() + " has no chat template, so it cannot be asked in conversations; use --format base");
        }
        return template;
    }

    private int[] prompt(Prompt prompt) {
        if (prompt.messages() != null) {
            return template().render(prompt.messages().stream().map(Message::toMap).toList(), null, true, Map.of()).encode(tokenizer);
        }
        int[] ids = concat(tokenizer.idsBefore(), tokenizer.encode(prompt.text()));
        return ids.length > 0 ? ids : new int[] {tokenizer.bos().orElseGet(() -> tokenizer.eos().orElse(0))};
    }

    /// Prompt and continuations as token ids.
    Likelihoods.Encoded encode(Question question) {
        Prompt prompt = question.prompt();
        List<int[]> continuations = new ArrayList<>();
        if (prompt.messages() != null) {
            question.continuations().forEach(text -> continuations.add(alone(text)));
            return new Likelihoods.Encoded(prompt(prompt), continuations);
        }
        String stripped = prompt.text().stripTrailing(), blanks = prompt.text().substring(stripped.length());
        int[] context = tokenizer.encode(stripped);
        for (String text : question.continuations()) {
            int[] whole = tokenizer.encode(stripped + blanks + text);
            continuations.add(whole.length > context.length ? Arrays.copyOfRange(whole, context.length, whole.length) : alone(blanks + text));
        }
        return new Likelihoods.Encoded(prompt(Prompt.text(stripped)), continuations);
    }

    private int[] alone(String text) {
        int[] ids = tokenizer.encode(text);
        if (ids.length == 0) {
            throw new IllegalArgumentException("eval: a continuation is empty; there is nothing whose likelihood could be measured");
        }
        return ids;
    }

    private static int[] concat(int[] a, int[] b) {
        int[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    @Override
    public void judge(List<Question> questions, Sink<List<Likelihood>> sink) {
        List<Likelihoods.Encoded> fitting = new ArrayList<>();
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            Likelihoods.Encoded encoded = encode(questions.get(i));
            if (encoded.length() > model.spec().context()) {
                sink.accept(i, null);
            } else {
                fitting.add(encoded);
                places.add(i);
            }
        }
        try (Likelihoods likelihoods = new Likelihoods(model.forward(), 256L << 20)) {
            likelihoods.judge(fitting, (i, result) -> sink.accept(places.get(i), result));
        }
    }

    /// One text on its way.
    private record Running(int index, TokenStream stream) {
    }

    @Override
    public void write(List<Writing> writings, Sink<Written> sink) throws InterruptedException {
        int buffer = writings.stream().mapToInt(Writing::maxTokens).max().orElse(1) + 8;       // nobody reads the later ones while the first is waited for
        Engine.Settings settings = Engine.Settings.usual().withSequences(AT_ONCE).withBuffer(buffer, PATIENCE_MILLIS);
        try (Engine engine = Engine.of(model, settings)) {
            ArrayDeque<Running> running = new ArrayDeque<>();
            for (int i = 0; i < writings.size(); i++) {
                Writing writing = writings.get(i);
                int[] prompt = prompt(writing.prompt());
                int room = Math.min(writing.maxTokens(), model.spec().context() - prompt.length);
                running.add(new Running(i, room < 1 ? null : engine.submit(new Request(prompt, room, writing.sampling(), tokenizer::ends, writing.stop(), -1, false, null, null,
                        Overflow.REFUSE))));
                if (running.size() >= 2 * AT_ONCE) {
                    finish(running.remove(), sink);
                }
            }
            while (!running.isEmpty()) {
                finish(running.remove(), sink);
            }
        }
    }

    private static void finish(Running text, Sink<Written> sink) throws InterruptedException {
        if (text.stream == null) {
            sink.accept(text.index, null);
            return;
        }
        try (TokenStream stream = text.stream) {
            Generator.Result result = stream.result();
            sink.accept(text.index, new Written(result.text(), result.ids().length, result.finishReason() == Generator.FinishReason.STOP));
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
