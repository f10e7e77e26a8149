package dev.jackdaw.serve.api;

import dev.jackdaw.model.generate.FillInTheMiddle;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.generate.TokenProbability;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.EventStream;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Gate;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.LoadedModel;
import dev.jackdaw.serve.models.ModelPool;
import io.helidon.webserver.http.HttpRules;
import io.helidon.webserver.http.HttpService;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import tools.jackson.databind.JsonNode;

/// `POST /v1/completions`, as OpenAI's reference describes it: plain text goes on, for base models too. Several prompts, several choices,
/// `suffix` (fill in the middle), `echo` and `logprobs`, also those of the prompt. Beyond it: prompts of token ids, `ignore_eos`.
public final class Completions implements HttpService {
    private static final int USUAL_TOKENS = 16;           // OpenAI's
    private static final int MOST_PROMPTS = 256;

    private final ApiContext context;

    public Completions(ApiContext context) {
        this.context = context;
    }

    @Override
    public void routing(HttpRules rules) {
        rules.post("/v1/completions", this::complete);
    }

    /// @param echoed the prompt as text where it is to be repeated, else empty
    /// @param before probabilities of its tokens, where they are wanted
    private record Prompt(int[] ids, String echoed, List<TokenProbability> before) {
    }

    private record Wanted(String id, long created, String model, boolean usage, int n, boolean echo, int logprobs, int maxTokens) {
    }

    private void complete(ServerRequest httpRequest, ServerResponse response) throws InterruptedException, IOException {
        long started = System.nanoTime();
        Fields fields = Json.read(httpRequest, context.limits().bodyBytes());
        try (ModelPool.Lease lease = context.models().take(fields.text("model").orElse(null))) {
            LoadedModel model = lease.model();
            Tokenizer tokenizer = model.model().tokenizer();
            int n = fields.integer("n", 1, context.limits().choices()).orElse(1);
            if (fields.integer("best_of", 1, context.limits().choices()).orElse(n) != n) {
                throw fields.wrong("best_of", "differs from n; choosing the best of several is not supported here");
            }
            int asked = fields.integer("max_tokens", 0, Integer.MAX_VALUE).orElse(USUAL_TOKENS);
            Wanted wanted = new Wanted(Ids.of("cmpl-"), System.currentTimeMillis(), lease.name(), fields.object("stream_options").map(o -> o.flag("include_usage", false)).orElse(false), n,
                    fields.flag("echo", false), fields.integer("logprobs", 0, ChatFields.MOST_LOGPROBS).orElse(-1), Math.min(asked, context.limits().answerTokens()));
            Sampling sampling = ChatFields.sampling(fields, 1);
            List<String> stop = ChatFields.stop(fields, "stop");
            IntPredicate isEnd = fields.flag("ignore_eos", false) ? _ -> false : tokenizer::ends;
            boolean stream = fields.flag("stream", false);
            List<Prompt> prompts = prompts(fields, wanted, lease);
            ApiContext.nameIgnored(fields, response);
            List<Request> requests = new ArrayList<>();
            for (Prompt prompt : prompts) {
                if (wanted.maxTokens > 0) {
                    requireRoom(prompt.ids.length, wanted.maxTokens, model.spec().context());
                    for (int i = 0; i < n; i++) {
                        requests.add(new Request(prompt.ids, wanted.maxTokens, sampling.withSeed(sampling.seed() + i), isEnd, stop, wanted.logprobs, false, null, null, Overflow.REFUSE));
                    }
                }
            }
            try (Choices choices = Choices.start(context, lease, requests, started)) {
                if (stream) {
                    stream(wanted, prompts, choices, tokenizer, response);
                } else {
                    whole(wanted, prompts, choices, tokenizer, response);
                }
            }
        }
    }

    private static void requireRoom(int prompt, int maxTokens, int most) {
        if ((long) prompt + maxTokens > most) {
            throw ApiError.bad("context_length_exceeded", "prompt", "the prompt has " + prompt + " tokens and " + maxTokens + " new ones are asked for, together " + ((long) prompt + maxTokens)
                    + "; the model's context is " + most);
        }
    }

    private List<Prompt> prompts(Fields fields, Wanted wanted, ModelPool.Lease lease) throws InterruptedException {
        LoadedModel model = lease.model();
        Tokenizer tokenizer = model.model().tokenizer();
        JsonNode given = fields.any("prompt").orElse(null);
        String suffix = fields.text("suffix").filter(text -> !text.isEmpty()).orElse(null);
        List<int[]> all = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        if (given == null || given.isString()) {
            String text = given == null ? "" : given.asString();
            all.add(suffix == null ? ids(tokenizer, text) : FillInTheMiddle.prompt(tokenizer, text, suffix));
            texts.add(text);
        } else if (!given.isArray() || given.isEmpty() || given.size() > MOST_PROMPTS && !given.get(0).isNumber()) {
            throw fields.wrong("prompt", "must be a string, an array of token ids, or an array of 1 to " + MOST_PROMPTS + " of these");
        } else if (suffix != null) {
            throw fields.wrong("suffix", "needs a prompt that is a string");
        } else if (given.get(0).isNumber()) {
            all.add(ids(fields, "prompt", given, model.spec().vocabulary()));
            texts.add(null);
        } else {
            for (JsonNode each : given) {
                String name = "prompt[" + all.size() + "]";
                if (!each.isString() && !each.isArray()) {
                    throw fields.wrongType(name, each, "a string or an array of token ids");
                }
                all.add(each.isString() ? ids(tokenizer, each.asString()) : ids(fields, name, each, model.spec().vocabulary()));
                texts.add(each.isString() ? each.asString() : null);
            }
        }
        all.forEach(ids -> requireRoom(ids.length, Math.max(1, wanted.maxTokens), model.spec().context()));
        List<Prompt> prompts = new ArrayList<>();
        long tokens = 0;
        try (Waiting client = Waiting.begin(context)) {
            for (int i = 0; i < all.size(); i++) {
                int[] ids = all.get(i);
                client.require();
                List<TokenProbability> before = wanted.echo && wanted.logprobs >= 0 ? model.probabilities(ids, wanted.logprobs, lease.adapters()) : List.of();
                prompts.add(new Prompt(ids, !wanted.echo ? "" : texts.get(i) == null ? tokenizer.decode(ids) : texts.get(i), before));
                tokens += before.size();
            }
            return prompts;
        } finally {
            if (wanted.maxTokens == 0 && tokens > 0) {            // else the answers count them
                context.listener().spent(lease.name(), Gate.caller(), tokens, 0);
            }
        }
    }

    /// A base model has seen each document begin with a token of its own; an empty prompt is just that token.
    static int[] ids(Tokenizer tokenizer, String text) {
        int[] ids = tokenizer.encode(text, false, true);
        return ids.length > 0 ? ids : new int[] {tokenizer.bos().orElseGet(() -> tokenizer.eos().orElse(0))};
    }

    static int[] ids(Fields fields, String name, JsonNode array, int vocabulary) {
        int[] ids = new int[array.size()];
        if (ids.length == 0) {
            throw fields.wrong(name, "is empty; give at least one token id");
        }
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = array.get(i);
            if (!id.isIntegralNumber() || id.asLong() < 0 || id.asLong() >= vocabulary) {
                throw fields.wrong(name + "[" + i + "]", "is " + id + "; token ids of this model are whole numbers from 0 to " + (vocabulary - 1));
            }
            ids[i] = id.asInt();
        }
        return ids;
    }

    private void whole(Wanted wanted, List<Prompt> prompts, Choices choices, Tokenizer tokenizer, ServerResponse response) throws InterruptedException {
        List<Writer.Written> all = wanted.maxTokens == 0 ? List.of() : choices.write(_ -> Writer.Parts.NONE);
        List<Object> list = new ArrayList<>();
        for (int p = 0; p < prompts.size(); p++) {
            Prompt prompt = prompts.get(p);
            for (int i = 0; i < wanted.n; i++) {
                Generator.Result result = all.isEmpty() ? null : all.get(p * wanted.n + i).result();
                Logprobs logprobs = new Logprobs(tokenizer);
                prompt.before.forEach(logprobs::add);
                if (result != null) {
                    result.logprobs().forEach(logprobs::add);
                }
                list.add(choice(p * wanted.n + i, prompt.echoed + (result == null ? "" : result.text()), wanted.logprobs >= 0 ? logprobs.take() : null,
                        result == null ? "length" : all.get(p * wanted.n + i).finishReason()));
            }
        }
        Map<String, Object> body = head(wanted);
        body.put("choices", list);
        body.put("usage", usage(wanted, prompts, all));
        Json.send(response, body);
    }

    private static Map<String, Object> head(Wanted wanted) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("id", wanted.id);
        body.put("object", "text_completion");
        body.put("created", wanted.created / 1000);
        body.put("model", wanted.model);
        return body;
    }

    private static Map<String, Object> choice(int index, String text, Object logprobs, String finishReason) {
        Map<String, Object> choice = new LinkedHashMap<>();
        choice.put("index", index);
        choice.put("text", text);
        choice.put("logprobs", logprobs);
        choice.put("finish_reason", finishReason);
        return choice;
    }

    private void stream(Wanted wanted, List<Prompt> prompts, Choices choices, Tokenizer tokenizer, ServerResponse response) throws InterruptedException {
        EventStream out = EventStream.events(response);
        choices.stream(out, () -> {
            for (int i = 0; i < prompts.size() * wanted.n; i++) {
                Prompt prompt = prompts.get(i / wanted.n);
                if (wanted.echo || wanted.maxTokens == 0) {
                    Logprobs logprobs = new Logprobs(tokenizer);
                    prompt.before.forEach(logprobs::add);
                    send(out, wanted, choice(i, prompt.echoed, wanted.logprobs >= 0 ? logprobs.take() : null, wanted.maxTokens == 0 ? "length" : null));
                }
            }
            List<Writer.Written> all = wanted.maxTokens == 0 ? List.of() : choices.write(i -> new Pieces(out, wanted, i, new Logprobs(tokenizer, prompts.get(i / wanted.n))));
            if (wanted.usage) {
                Map<String, Object> last = head(wanted);
                last.put("choices", List.of());
                last.put("usage", usage(wanted, prompts, all));
                out.send(Json.bytes(last));
            }
            out.done();
        }, error -> out.send(Json.bytes(error.toMap())));
    }

    private static Map<String, Object> usage(Wanted wanted, List<Prompt> prompts, List<Writer.Written> all) {
        int prompt = 0, cached = 0, completion = 0;
        for (Prompt each : prompts) {
            prompt += each.ids.length;
        }
        for (int i = 0; i < all.size(); i++) {
            cached += i % wanted.n == 0 ? all.get(i).cachedTokens() : 0;
            completion += all.get(i).result().ids().length;
        }
        return ChatCompletions.usage(prompt, cached, completion, 0);
    }

    private static void send(EventStream out, Wanted wanted, Map<String, Object> choice) {
        Map<String, Object> body = head(wanted);
        body.put("choices", List.of(choice));
        try {
            out.send(Json.bytes(body));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class Pieces implements Choices.StreamedParts {
        private final EventStream out;
        private final Wanted wanted;
        private final int index;
        private final Logprobs logprobs;

        Pieces(EventStream out, Wanted wanted, int index, Logprobs logprobs) {
            this.out = out;
            this.wanted = wanted;
            this.index = index;
            this.logprobs = logprobs;
        }

        @Override
        public void token(int id, TokenProbability probability) {
            logprobs.add(probability);
        }

        @Override
        public void content(String piece) {
            send(out, wanted, choice(index, piece, logprobs.isEmpty() ? null : logprobs.take(), null));
        }

        @Override
        public void end(Writer.Written written) {
            send(out, wanted, choice(index, "", logprobs.isEmpty() ? null : logprobs.take(), written.finishReason()));
        }
    }

    /// In the older form: lists side by side.
    private static final class Logprobs {
        private static final double LEAST = -9999;        // JSON knows no infinity

        private final Tokenizer tokenizer;
        private List<String> tokens = new ArrayList<>();
        private List<Double> values = new ArrayList<>();
        private List<Object> tops = new ArrayList<>();
        private List<Integer> offsets = new ArrayList<>();
        private int offset;

        Logprobs(Tokenizer tokenizer) {
            this.tokenizer = tokenizer;
        }

        /// Of what follows a prompt, whose own have been sent where it is repeated.
        Logprobs(Tokenizer tokenizer, Prompt prompt) {
            this(tokenizer);
            prompt.before.forEach(this::add);
            take();
        }

        /// @param probability or null; of the first token of a text nothing is known but itself
        void add(TokenProbability probability) {
            if (probability == null) {
                return;
            }
            String text = tokenizer.decode(probability.id());
            tokens.add(text);
            values.add(Double.isNaN(probability.logprob()) ? null : (Double) Math.max(LEAST, probability.logprob()));
            Map<String, Double> top = new LinkedHashMap<>();
            probability.top().forEach(each -> top.putIfAbsent(tokenizer.decode(each.id()), Math.max(LEAST, each.logprob())));
            top.putIfAbsent(text, Math.max(LEAST, probability.logprob()));           // the chosen one is always among them
            tops.add(Double.isNaN(probability.logprob()) ? null : top);
            offsets.add(offset);
            offset += text.length();
        }

        boolean isEmpty() {
            return tokens.isEmpty();
        }

        Map<String, Object> take() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("tokens", tokens);
            map.put("token_logprobs", values);
            map.put("top_logprobs", tops);
            map.put("text_offset", offsets);
            tokens = new ArrayList<>();
            values = new ArrayList<>();
            tops = new ArrayList<>();
            offsets = new ArrayList<>();
            return map;
        }
    }
}
