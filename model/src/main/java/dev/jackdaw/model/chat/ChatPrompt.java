package dev.jackdaw.model.chat;

import dev.jackdaw.model.chat.jinja.Text;
import dev.jackdaw.model.token.TokenList;
import dev.jackdaw.model.token.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.WeakHashMap;

/// A rendered conversation that remembers which characters the template wrote and which came from messages. Only what the template
/// wrote can become a token with a meaning: a user who types `<|im_end|>`, or `<think>` where the template has such a mark, gets those
/// characters, not the token.
public final class ChatPrompt {
    /// Names of special tokens, looked for once: vocabularies are long, and training renders many conversations.
    private static final Map<Tokenizer, List<String>> SPECIAL = Collections.synchronizedMap(new WeakHashMap<>());

    private final Text text;
    private final Set<String> marks;
    private final int[] answers;

    /// @param marks   names that mean something to the template, though their tokens may not be special ones
    /// @param answers what the template marks as a model's to write, or null
    ChatPrompt(Text text, Set<String> marks, int[] answers) {
        this.text = text;
        this.marks = marks;
        this.answers = answers;
    }

    /// What the template marks as a model's to write, by `{% generation %}`: from, to, from, to, … in UTF-16 positions. Empty if the template
    /// marks nothing, as most.
    public Optional<int[]> answers() {
        return Optional.ofNullable(answers).map(int[]::clone);
    }

    /// The prompt from a UTF-16 position on.
    public ChatPrompt from(int position) {
        return new ChatPrompt(text.substring(position, text.chars().length()), marks, null);
    }

    public String text() {
        return text.chars();
    }

    /// The token ids. Special tokens and marks are recognised where the template wrote every character of them; no token is added, since
    /// templates write the beginning token themselves.
    ///
    /// The text is encoded in one piece, so that words on both sides of a message's border form the tokens they formed in training.
    /// Only where a message contains the name of a special token, the stretch between the two nearest genuine ones is encoded as
    /// plain characters.
    public int[] encode(Tokenizer tokenizer) {
        List<int[]> forged = new ArrayList<>(), genuine = new ArrayList<>();
        String all = text.chars();
        int[] foreign = text.foreignRanges();
        Set<String> known = new HashSet<>();
        if (foreign.length > 0) {
            marks.stream().filter(name -> tokenizer.id(name).isPresent()).forEach(known::add);
            find(tokenizer, known, all, foreign, forged, genuine);
        }
        if (forged.isEmpty()) {
            return tokenizer.encode(all, true, false);
        }
        TokenList ids = new TokenList(all.length() / 3 + 8);
        int done = 0;
        for (int[] bad : forged) {
            if (bad[0] < done) {
                continue;                     // already inside a plain stretch
            }
            int from = done, to = all.length();
            for (int[] good : genuine) {
                if (good[1] <= bad[0]) {
                    from = Math.max(from, good[1]);
                } else if (good[0] >= bad[1]) {
                    to = Math.min(to, good[0]);
                }
            }
            ids.addAll(tokenizer.encode(all.substring(done, from), true, false));
            tokenizer.encodeTyped(all.substring(from, to).getBytes(StandardCharsets.UTF_8), known, ids);
            done = to;
        }
        ids.addAll(tokenizer.encode(all.substring(done), true, false));
        return ids.toArray();
    }

    /// Where names of special tokens and marks stand, in order: those with a character from outside, and those wholly the template's.
    private static void find(Tokenizer tokenizer, Set<String> marks, String all, int[] foreign, List<int[]> forged, List<int[]> genuine) {
        Set<String> names = new LinkedHashSet<>(marks);
        names.addAll(SPECIAL.computeIfAbsent(tokenizer, ChatPrompt::special));
        for (String name : names) {
            for (int at = name.isEmpty() ? -1 : all.indexOf(name); at >= 0; at = all.indexOf(name, at + 1)) {
                int[] place = {at, at + name.length()};
                (overlaps(foreign, place[0], place[1]) ? forged : genuine).add(place);
            }
        }
        forged.sort((a, b) -> Integer.compare(a[0], b[0]));
    }

    private static List<String> special(Tokenizer tokenizer) {
        List<String> names = new ArrayList<>();
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            if (tokenizer.isSpecial(id)) {
                names.add(tokenizer.piece(id));
            }
        }
        return List.copyOf(names);
    }

    private static boolean overlaps(int[] ranges, int from, int to) {
        for (int i = 0; i < ranges.length; i += 2) {
            if (ranges[i] < to && from < ranges[i + 1]) {
                return true;
            }
        }
        return false;
    }
}
