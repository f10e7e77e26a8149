package dev.jackdaw.model.chat;

import dev.jackdaw.model.chat.jinja.Template;
import dev.jackdaw.model.chat.jinja.TemplateException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// Turns a conversation into the text that a model was trained on. The template is the model's own; the same object serves training,
/// evaluation and chat, so they cannot differ.
public final class ChatTemplate {
    /// Names that look like marks; in Jinja itself nothing does.
    private static final Pattern MARK = Pattern.compile("<[^\\s<>{}'\"]{1,60}>|\\[/?[A-Z_]{2,30}\\]");
    /// Marks of thoughts and calls that a model writes and that are read from its answers, whether its template has them or not.
    private static final Set<String> USUAL = Set.of("<think>", "</think>", "<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>");

    private final String source;
    private final Set<String> marks = new TreeSet<>(USUAL);
    private final Template template;
    private final String bosToken;
    private final String eosToken;

    private ChatTemplate(String source, String bosToken, String eosToken) {
        this.source = source;
        this.bosToken = bosToken;
        this.eosToken = eosToken;
        template = Template.of(source);
        MARK.matcher(source).results().forEach(found -> marks.add(found.group()));
    }

    /// @param bosToken the name of the token that begins a text, which templates write themselves; empty if there is none
    /// @param eosToken the name of the token that ends one
    /// @throws TemplateException if the source is no template; the message names the line
    public static ChatTemplate of(String source, String bosToken, String eosToken) {
        return new ChatTemplate(source, bosToken, eosToken);
    }

    public String source() {
        return source;
    }

    /// Does the template read a variable of this name, `enable_thinking` for instance?
    public boolean knows(String variable) {
        return source.contains(variable);
    }

    /// The prompt of a conversation.
    ///
    /// @param messages            maps with `role`, `content` and whatever else the template reads, or JSON of that shape as plain Java values
    /// @param tools               descriptions of functions, or null
    /// @param addGenerationPrompt end with the beginning of the model's answer
    /// @param more                further variables, such as `enable_thinking`
    /// @throws TemplateException if the template refuses the conversation
    public ChatPrompt render(List<?> messages, List<?> tools, boolean addGenerationPrompt, Map<String, ?> more) {
        Map<String, Object> trusted = new LinkedHashMap<>();
        trusted.put("bos_token", bosToken);
        trusted.put("eos_token", eosToken);
        trusted.put("add_generation_prompt", addGenerationPrompt);
        Map<String, Object> foreign = new LinkedHashMap<>();
        foreign.put("messages", messages);
        foreign.put("tools", tools);
        foreign.putAll(more);
        Template.Rendering rendering = template.rendering(trusted, foreign);
        return new ChatPrompt(rendering.text(), marks, rendering.answers());
    }
}
