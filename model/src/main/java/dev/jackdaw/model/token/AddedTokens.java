package dev.jackdaw.model.token;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/// The added tokens of a tokenizer: by name, by id, and ready to be found in text. Text from a template may hold all of them, text from a
/// user none that is special, and typed text none that means something to a chat template either.
final class AddedTokens {
    /// Two rounds of matching, before and after normalisation.
    record Rounds(SpecialMatcher raw, SpecialMatcher normalized) {
        boolean isEmpty() {
            return raw.isEmpty() && normalized.isEmpty();
        }
    }

    private final List<AddedToken> tokens;
    private final UnaryOperator<byte[]> normalize;
    private final Map<String, Integer> idOf;
    private final BitSet special = new BitSet();
    private final BitSet added = new BitSet();
    private final Rounds all;
    private final Rounds text;

    AddedTokens(List<AddedToken> tokens, UnaryOperator<byte[]> normalize) {
        this.tokens = tokens;
        this.normalize = normalize;
        idOf = HashMap.newHashMap(tokens.size());
        for (AddedToken token : tokens) {
            idOf.putIfAbsent(token.content(), token.id());
            added.set(token.id());
            special.set(token.id(), token.special());
        }
        all = rounds(_ -> true);
        text = rounds(token -> !token.special());
    }

    private Rounds rounds(Predicate<AddedToken> wanted) {
        return new Rounds(matcher(wanted, false), matcher(wanted, true));
    }

    private SpecialMatcher matcher(Predicate<AddedToken> wanted, boolean normalized) {
        List<AddedToken> chosen = tokens.stream().filter(token -> token.normalized() == normalized && wanted.test(token)).toList();
        List<byte[]> contents = new ArrayList<>();
        for (AddedToken token : chosen) {
            contents.add(normalized ? normalize.apply(Utf8.bytes(token.content())) : Utf8.bytes(token.content()));
        }
        return new SpecialMatcher(chosen, contents);
    }

    Rounds rounds(boolean parseSpecial) {
        return parseSpecial ? all : text;
    }

    /// For text in which neither special tokens nor those of these names are to be found.
    Rounds without(Set<String> names) {
        return names.isEmpty() ? text : rounds(token -> !token.special() && !names.contains(token.content()));
    }

    /// The id of the token of this name; null if there is none.
    Integer id(String name) {
        return idOf.get(name);
    }

    boolean isSpecial(int id) {
        return id >= 0 && special.get(id);
    }

    boolean has(int id) {
        return id >= 0 && added.get(id);
    }
}
