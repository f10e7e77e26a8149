package dev.jackdaw.model.token;

import java.util.ArrayList;
import java.util.List;

/// The reserved tokens of the models built here. They take the last ids of the vocabulary, in this order, so a vocabulary of 4096 has
/// 256 bytes, 3817 merges and these 23.
///
/// All of them exist from the first day of a base model, since a vocabulary cannot grow without touching the model; the spares are
/// for what nobody thought of yet.
public final class SpecialTokens {
    /// Before every document, and so what a base model begins with and ends on.
    public static final String END_OF_TEXT = "<|endoftext|>";
    /// Begins a message; the role and a line end follow.
    public static final String MESSAGE_START = "<|im_start|>";
    /// Ends a message.
    public static final String MESSAGE_END = "<|im_end|>";
    public static final String TOOL_CALL = "<tool_call>";
    public static final String TOOL_CALL_END = "</tool_call>";
    public static final String TOOL_RESPONSE = "<tool_response>";
    public static final String TOOL_RESPONSE_END = "</tool_response>";
    public static final int SPARES = 16;

    /// ChatML as a Jinja template, stored in every model file. It writes the beginning token itself, so rendered text is encoded with
    /// `parseSpecial` and without `addSpecial`.
    ///
    /// Tools stand at the end of the system turn, one a line: name, parameters, description. A call is JSON between the reserved tokens inside
    /// an answer, its result a turn of the role `tool`:
    /// ```
    /// <|im_start|>system
    /// Be brief.
    /// Tools:
    /// calculator {"expression": {"type": "string"}} works out arithmetic<|im_end|>
    /// <|im_start|>user
    /// 6 times 7?<|im_end|>
    /// <|im_start|>assistant
    /// <tool_call>{"name": "calculator", "arguments": {"expression": "6*7"}}</tool_call><|im_end|>
    /// <|im_start|>tool
    /// <tool_response>42</tool_response><|im_end|>
    /// <|im_start|>assistant
    /// 42<|im_end|>
    /// ```
    public static final String CHAT_TEMPLATE = """
        {{ bos_token }}\
        {% if tools %}{{ '<|im_start|>system\\n' }}\
        {% if messages and messages[0]['role'] == 'system' %}{{ messages[0]['content'] + '\\n' }}{% endif %}{{ 'Tools:' }}\
        {% for tool in tools %}{% set f = tool['function'] or tool %}\
        {{ '\\n' + f['name'] + ' ' }}{{ ((f['parameters'] or {})['properties'] or {}) | tojson }}{% if f['description'] %}{{ ' ' + f['description'] }}{% endif %}\
        {% endfor %}{{ '<|im_end|>' + '\\n' }}{% endif %}\
        {% for message in messages %}{% if not (tools and loop.first and message['role'] == 'system') %}\
        {{ '<|im_start|>' + message['role'] + '\\n' }}\
        {% if message['role'] == 'tool' %}{{ '<tool_response>' + message['content'] + '</tool_response>' }}\
        {% else %}{{ message['content'] or '' }}\
        {% for call in message['tool_calls'] or [] %}{% set f = call['function'] or call %}\
        {{ '<tool_call>{"name": ' }}{{ f['name'] | tojson }}{{ ', "arguments": ' }}\
        {% if f['arguments'] is string %}{{ f['arguments'] }}{% else %}{{ f['arguments'] | tojson }}{% endif %}{{ '}</tool_call>' }}{% endfor %}\
        {% endif %}{{ '<|im_end|>' + '\\n' }}{% endif %}{% endfor %}\
        {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}""";

    private SpecialTokens() {
    }

    /// All names in the order of their ids.
    public static List<String> names() {
        List<String> names = new ArrayList<>(List.of(END_OF_TEXT, MESSAGE_START, MESSAGE_END, TOOL_CALL, TOOL_CALL_END, TOOL_RESPONSE,
            TOOL_RESPONSE_END));
        for (int i = 0; i < SPARES; i++) {
            names.add("<|spare_" + i + "|>");
        }
        return List.copyOf(names);
    }

    /// The tokens with the ids `first`, `first` + 1, …
    static List<AddedToken> from(int first) {
        List<AddedToken> tokens = new ArrayList<>();
        for (String name : names()) {
            tokens.add(AddedToken.of(first + tokens.size(), name, true));
        }
        return tokens;
    }
}
