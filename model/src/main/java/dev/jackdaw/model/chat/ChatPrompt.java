package dev.jackdaw.model.chat;

import dev.jackdaw.model.chat.jinja.Text;
import dev.jackdaw.model.token.TokenList;
import dev.jackdaw.model.token.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/// A rendered conversation that remembers which characters the template wrote and which came from messages. Only what the template
/// wrote can become a special token: a user who types `<|im_end|>` gets those characters, not the token.
public final class ChatPrompt {
    private final Text text;

    ChatPrompt(Text text) {
        this.text = text;
    }

    public String text() {
        return text.chars();
    }

    /// The token ids. Special tokens are recognised where the template wrote every character of them; no token is added, since
    /// templates write the beginning token themselves.
    ///
    /// The text is encoded in one piece, so that words on both sides of a message's border form the tokens they formed in training.
    /// Only where a message contains the name of a special token, the stretch between the two nearest genuine ones is encoded as
    /// plain characters.
    public int[] encode(Tokenizer tokenizer) {
        List<int[]> forged = new ArrayList<>(), genuine = new ArrayList<>();
        String all = text.chars();
        int[] foreign = text.foreignRanges();
        if (foreign.length > 0) {
            find(tokenizer, all, foreign, forged, genuine);
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
            encode(tokenizer, all.substring(done, from), true, ids);
            encode(tokenizer, all.substring(from, to), false, ids);
            done = to;
        }
        encode(tokenizer, all.substring(done), true, ids);
        return ids.toArray();
    }

    private static void encode(Tokenizer tokenizer, String text, boolean parseSpecial, TokenList ids) {
        ids.addAll(tokenizer.encode(text, parseSpecial, false));
    }

    /// Where names of special tokens stand, in order: those with a character from outside, and those wholly the template's.
    private static void find(Tokenizer tokenizer, String all, int[] foreign, List<int[]> forged, List<int[]> genuine) {
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            if (!tokenizer.isSpecial(id)) {
                continue;
            }
            String name = tokenizer.piece(id);
            for (int at = name.isEmpty() ? -1 : all.indexOf(name); at >= 0; at = all.indexOf(name, at + 1)) {
                int[] place = {at, at + name.length()};
                (overlaps(foreign, place[0], place[1]) ? forged : genuine).add(place);
            }
        }
        forged.sort((a, b) -> Integer.compare(a[0], b[0]));
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
