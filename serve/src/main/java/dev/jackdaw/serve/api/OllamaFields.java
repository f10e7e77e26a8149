package dev.jackdaw.serve.api;

import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.FillInTheMiddle;
import dev.jackdaw.model.generate.Mirostat;
import dev.jackdaw.model.generate.Overflow;
import dev.jackdaw.model.generate.Penalties;
import dev.jackdaw.model.generate.Request;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.generate.constrain.Grammar;
import dev.jackdaw.model.generate.constrain.GrammarConstraint;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.serve.ServerSettings;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.serve.http.Fields;
import dev.jackdaw.serve.http.Json;
import dev.jackdaw.serve.models.LoadedModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// From the fields of Ollama's requests to what a model is asked. Sampling stands in `options`, where what concerns Ollama's own memory
/// (`num_ctx`, `num_gpu`, …) is without effect here.
final class OllamaFields {
    private static final double USUAL_TEMPERATURE = 0.8;
    private static final int USUAL_TOP_K = 40;
    private static final double USUAL_TOP_P = 0.9;
    private static final int MOST_MESSAGES = 10_000;

    private final Fields fields;
    private final Fields options;
    private final ServerSettings.Limits limits;

    OllamaFields(Fields fields, ServerSettings.Limits limits) {
        this.fields = fields;
        this.limits = limits;
        options = fields.object("options").orElseGet(() -> Fields.of(JsonNodeFactory.instance.objectNode(), "options"));
        ChatFields.refuse(fields, "template", "is not supported; a model has its own, and raw: true goes without");
        ChatFields.refuse(fields, "images", "is not supported; this server reads text only");
        ChatFields.refuse(fields, "context", "is not supported; send the text again, it is remembered and costs little");
    }

    boolean isRaw() {
        return fields.flag("raw", false) || suffix() != null;
    }

    /// What stands behind the gap to be filled, or null. Ollama's own client always sends one, an empty one where there is no gap.
    String suffix() {
        return fields.text("suffix").filter(text -> !text.isEmpty()).orElse(null);
    }

    /// Of a conversation.
    List<Message> messages() {
        List<Message> messages = new ArrayList<>();
        for (Fields message : fields.objects("messages")) {
            ChatFields.refuse(message, "images", "is not supported; this server reads text only");
            String content = message.text("content").orElse("");
            messages.add(switch (message.requiredText("role")) {
                case "system" -> Message.of("system", content);
                case "user" -> Message.of("user", content);
                case "assistant" -> new Message("assistant", content, message.text("thinking").orElse(null), calls(message));
                case "tool" -> Message.tool(message.text("tool_call_id").orElse(null), message.text("tool_name").or(() -> message.text("name")).orElse(null), content);
                case String other -> throw message.wrong("role", "is " + other + "; it must be system, user, assistant or tool");
            });
        }
        if (messages.size() > MOST_MESSAGES) {
            throw fields.wrong("messages", "has " + messages.size() + " messages; at most " + MOST_MESSAGES + " are accepted");
        }
        return messages;
    }

    private static List<Message.ToolCall> calls(Fields message) {
        List<Message.ToolCall> calls = new ArrayList<>();
        for (Fields call : message.objects("tool_calls")) {
            Fields function = call.object("function").orElseThrow(() -> call.absent("function", "an object with name and arguments"));
            String arguments = function.any("arguments").map(node -> node.isString() ? node.asString() : node.toString()).orElse("{}");
            calls.add(new Message.ToolCall(call.text("id").orElse(null), function.requiredText("name"), arguments));
        }
        return calls;
    }

    /// A single question as a conversation.
    List<Message> prompt() {
        List<Message> messages = new ArrayList<>();
        fields.text("system").filter(text -> !text.isEmpty()).ifPresent(text -> messages.add(Message.of("system", text)));
        messages.add(Message.of("user", fields.text("prompt").orElse("")));
        return messages;
    }

    Chat.Ask ask(List<Message> messages, Chat chat) {
        List<Map<String, Object>> tools = ChatFields.tools(fields);
        Overflow overflow = fields.flag("truncate", false) ? Overflow.TRIM_START : Overflow.REFUSE;
        Chat.Ask ask = new Chat.Ask(messages, tools, new Chat.ToolChoice.Auto(), true, schema(), null, 0, sampling(), budget(chat), stop(), -1, overflow, Map.of());
        return most() == 0 ? ask : ask.withMaxTokens(Math.min(most(), chat.turn(ask).request().maxTokens()));      // a bound, which need not fit, unlike OpenAI's
    }

    /// A text that goes on as it is.
    Request plain(LoadedModel model) {
        Tokenizer tokenizer = model.model().tokenizer();
        String prompt = fields.text("prompt").orElse(""), suffix = suffix(), schema = schema();
        fields.text("system");
        int[] ids = suffix == null ? Completions.ids(tokenizer, prompt) : FillInTheMiddle.prompt(tokenizer, prompt, suffix);
        int room = model.spec().context() - ids.length;
        if (room < 1) {
            throw ApiError.bad("context_length_exceeded", "prompt", "the prompt has " + ids.length + " tokens; the model's context is " + model.spec().context() + ", with the answer");
        }
        int most = most() > 0 ? most() : limits.answerTokens();
        return new Request(ids, Math.min(most, room), sampling(), tokenizer::ends, stop(), -1, false, schema == null ? null : new GrammarConstraint(Grammar.ofJsonSchema(schema), model.trie()), null,
                Overflow.REFUSE);
    }

    /// `json`, or a schema; null for text.
    private String schema() {
        JsonNode format = fields.any("format").orElse(null);
        if (format == null || format.isString() && format.asString().isEmpty()) {
            return null;
        }
        if (format.isString() && !format.asString().equals("json") || !format.isString() && !format.isObject()) {
            throw fields.wrong("format", "is " + format + "; it must be \"json\" or a JSON schema");
        }
        return format.isString() ? "{\"type\":\"object\"}" : Json.text(format);
    }

    private Integer budget(Chat chat) {
        JsonNode think = fields.any("think").orElse(null);
        if (think == null) {
            return null;
        }
        Integer budget = think.isBoolean() ? (Integer) (think.asBoolean() ? -1 : 0) : ChatFields.budget(fields, "think");
        if (budget != 0 && !chat.canThink()) {
            throw fields.wrong("think", "is " + think + ", but the template of this model does not know how to think");
        }
        return budget;
    }

    /// 0: not said.
    private int most() {
        return Math.min(Math.max(0, options.integer("num_predict", -2, Integer.MAX_VALUE).orElse(0)), limits.answerTokens());
    }

    private List<String> stop() {
        return ChatFields.stop(options, "stop");
    }

    private Sampling sampling() {
        Sampling sampling = ChatFields.sampling(options, USUAL_TEMPERATURE).withTypicalP(options.number("typical_p", 1e-6, 1).orElse(1.0));
        sampling = options.has("top_k") ? sampling : sampling.withTopK(USUAL_TOP_K);
        sampling = options.has("top_p") ? sampling : sampling.withTopP(USUAL_TOP_P);
        int window = options.integer("repeat_last_n", -1, Integer.MAX_VALUE).orElse(Penalties.NONE.window());
        Penalties penalties = sampling.penalties();
        int mirostat = options.integer("mirostat", 0, 2).orElse(0);
        if (mirostat > 0) {
            sampling = sampling.withMirostat(new Mirostat(mirostat, options.number("mirostat_tau", 1e-3, 100).orElse(Mirostat.NONE.tau()),
                    options.number("mirostat_eta", 1e-6, 10).orElse(Mirostat.NONE.eta())));
        }
        return sampling.withPenalties(new Penalties(penalties.repetition(), penalties.frequency(), penalties.presence(), window));
    }
}
