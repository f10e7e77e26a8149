package dev.jackdaw.model.generate.constrain;

import dev.jackdaw.model.Brief;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToIntFunction;

/// A grammar as a network of states: one little automaton over UTF-8 bytes for each rule, with edges that call other rules and return.
/// Left recursion is refused, since a reader from left to right would call for ever.
final class Automaton {
    /// States in all; a repeat of 100,000 characters is refused instead of filling the memory.
    static final int MOST_STATES = 400_000;

    /// A token that is read as a whole is a symbol beyond the bytes: this number and its id.
    static final int TOKENS = 256;

    /// Edges of one state. Byte edges: `low`, `high`, target, also of whole tokens; calls: rule, state to return to.
    static final class State {
        int[] bytes = {};
        int[] calls = {};
        int[] empty = {};
        boolean isEnd;
    }

    final List<State> states = new ArrayList<>();
    private final List<String> names;
    private final Map<String, Integer> index = new HashMap<>();
    private final int[] starts;
    private final int root;

    /// Fewer are not worth looking for.
    private static final int LEAST_COPIES = 16;

    /// States `first`, `first + size`, … play the same part, `count` of them.
    private record Copies(int first, int size, int count) { }

    private final List<Copies> copies = new ArrayList<>();
    private final Map<String, Form> rules;
    private final ToIntFunction<String> tokens;
    private final BitSet marks = new BitSet();
    private final byte[] kinds = new byte[TOKENS];
    private final int kindCount;

    /// @param tokens the id of a token by its name, negative if there is none
    Automaton(Grammar grammar, ToIntFunction<String> tokens) {
        this.tokens = tokens;
        rules = grammar.rules();
        names = List.copyOf(rules.keySet());
        for (String name : names) {
            index.put(name, index.size());
        }
        starts = new int[names.size()];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = add();
        }
        for (int i = 0; i < starts.length; i++) {
            int end = build(grammar.rules().get(names.get(i)), starts[i], 0);
            states.get(end).isEnd = true;
        }
        root = index.get(grammar.root());
        refuseLeftRecursion();
        refuseUnending();
        kindCount = 1 + number(kinds);
    }

    /// Numbers the kinds of bytes: bytes between which no edge begins or ends read alike everywhere, and few grammars tell more than forty.
    ///
    /// @return the last number
    private int number(byte[] kinds) {
        BitSet begins = new BitSet();
        for (State state : states) {
            for (int i = 0; i < state.bytes.length; i += 3) {
                begins.set(state.bytes[i]);
                begins.set(state.bytes[i + 1] + 1);
            }
        }
        int kind = 0;
        for (int b = 1; b < TOKENS; b++) {
            kind += begins.get(b) ? 1 : 0;
            kinds[b] = (byte) kind;
        }
        return kind;
    }

    /// Bytes of one kind lead from every state to the same ones.
    int kind(int b) {
        return kinds[b] & 255;
    }

    int kinds() {
        return kindCount;
    }

    int start() {
        return starts[root];
    }

    int start(int rule) {
        return starts[rule];
    }

    /// Is there a place where this token is read as a whole?
    boolean isMark(int token) {
        return marks.get(token);
    }

    private int add() {
        if (states.size() == MOST_STATES) {
            throw new IllegalArgumentException("grammar: more than " + MOST_STATES + " states; lower the numbers of repetitions or the lengths in it");
        }
        states.add(new State());
        return states.size() - 1;
    }

    private static int[] plus(int[] array, int... more) {
        int[] longer = Arrays.copyOf(array, array.length + more.length);
        System.arraycopy(more, 0, longer, array.length, more.length);
        return longer;
    }

    private void empty(int from, int to) {
        states.get(from).empty = plus(states.get(from).empty, to);
    }

    /// Adds what leads from `from` through `form`; the state after it.
    private int build(Form form, int from, int depth) {
        if (depth > 500) {
            throw new IllegalArgumentException("grammar: nested deeper than 500");
        }
        switch (form) {
            case Form.Chars chars -> {
                int to = add();
                for (int i = 0; i < chars.ranges().length; i += 2) {
                    utf8(from, to, chars.ranges()[i], chars.ranges()[i + 1]);
                }
                return to;
            }
            case Form.Sequence sequence -> {
                int at = from;
                for (Form part : sequence.parts()) {
                    at = build(part, at, depth + 1);
                }
                return at;
            }
            case Form.Choice choice -> {
                int to = add();
                for (Form option : choice.options()) {
                    int start = add();
                    empty(from, start);
                    empty(build(option, start, depth + 1), to);
                }
                return to;
            }
            case Form.Repeat repeat -> {
                int at = from, first = states.size();
                boolean reads = !canBeEmpty(repeat.form(), new HashSet<>());
                for (int i = 0; i < repeat.min(); i++) {
                    at = build(repeat.form(), at, depth + 1);
                }
                copies(first, repeat.min(), reads);
                if (repeat.max() < 0) {
                    int loop = add();
                    empty(at, loop);
                    empty(build(repeat.form(), loop, depth + 1), loop);
                    int to = add();
                    empty(loop, to);
                    return to;
                }
                int to = add();
                first = states.size();
                for (int i = repeat.min(); i < repeat.max(); i++) {
                    empty(at, to);
                    at = build(repeat.form(), at, depth + 1);
                }
                copies(first, repeat.max() - repeat.min(), reads);
                empty(at, to);
                return to;
            }
            case Form.Reference reference -> {
                Integer rule = index.get(reference.rule());
                if (rule == null) {
                    throw new IllegalArgumentException(Brief.text("grammar: rule " + reference.rule()) + " is used but not defined");
                }
                int to = add();
                states.get(from).calls = plus(states.get(from).calls, rule, to);
                return to;
            }
            case Form.Mark(String name) -> {
                int token = tokens.applyAsInt(name);
                if (token < 0) {
                    return build(Form.literal(name), from, depth + 1);
                }
                marks.set(token);
                return step(from, TOKENS + token, TOKENS + token);
            }
        }
    }

    /// The states from `first` on are `count` copies of one form, each leading to the next.
    private void copies(int first, int count, boolean reads) {
        int all = states.size() - first;
        if (reads && count > LEAST_COPIES && all % count == 0) {
            copies.add(new Copies(first, all / count, count));
        }
    }

    private boolean canBeEmpty(Form form, Set<String> open) {
        return switch (form) {
            case Form.Chars _ -> false;
            case Form.Mark _ -> false;
            case Form.Sequence(List<Form> parts) -> parts.stream().allMatch(part -> canBeEmpty(part, open));
            case Form.Choice(List<Form> options) -> options.stream().anyMatch(option -> canBeEmpty(option, open));
            case Form.Repeat repeat -> repeat.min() == 0 || canBeEmpty(repeat.form(), open);
            case Form.Reference(String rule) -> !open.add(rule) || !rules.containsKey(rule) || canBeEmpty(rules.get(rule), open);      // in doubt, yes
        };
    }

    /// The first state from which the next `bytes` bytes read just as from this one: in a form that is repeated many times, every copy
    /// looks alike until its end comes in sight, and each takes a byte at least.
    int alike(int state, int bytes) {
        for (int i = copies.size() - 1; i >= 0; i--) {               // what surrounds others stands behind them
            Copies c = copies.get(i);
            int copy = (state - c.first) / c.size;
            if (state >= c.first && copy + 1 + bytes < c.count) {
                state -= copy * c.size;
            }
        }
        return state;
    }

    /// Edges for the UTF-8 forms of a range of characters: it is split where the number of bytes or the leading bytes change.
    private void utf8(int from, int to, int low, int high) {
        for (int limit : new int[] {0x7f, 0x7ff, 0xffff}) {
            if (low <= limit && high > limit) {
                utf8(from, to, low, limit);
                utf8(from, to, limit + 1, high);
                return;
            }
        }
        byte[] a = new String(Character.toChars(low)).getBytes(java.nio.charset.StandardCharsets.UTF_8);
        byte[] b = new String(Character.toChars(high)).getBytes(java.nio.charset.StandardCharsets.UTF_8);
        sequences(from, to, a, b, 0);
    }

    private void sequences(int from, int to, byte[] a, byte[] b, int at) {
        int low = a[at] & 255, high = b[at] & 255;
        if (at == a.length - 1) {
            edge(from, to, low, high);
            return;
        }
        if (low == high) {
            sequences(step(from, low, low), to, a, b, at + 1);
            return;
        }
        boolean lowIsFirst = true, highIsLast = true;
        for (int i = at + 1; i < a.length; i++) {
            lowIsFirst &= (a[i] & 255) == 0x80;
            highIsLast &= (b[i] & 255) == 0xbf;
        }
        byte[] first = a.clone(), last = b.clone();
        Arrays.fill(first, at + 1, first.length, (byte) 0x80);
        Arrays.fill(last, at + 1, last.length, (byte) 0xbf);
        if (!lowIsFirst) {
            sequences(step(from, low, low), to, a, last, at + 1);
            low++;
        }
        if (!highIsLast) {
            sequences(step(from, high, high), to, first, b, at + 1);
            high--;
        }
        if (low <= high) {
            sequences(step(from, low, high), to, first, last, at + 1);
        }
    }

    private int step(int from, int low, int high) {
        int next = add();
        edge(from, next, low, high);
        return next;
    }

    private void edge(int from, int to, int low, int high) {
        states.get(from).bytes = plus(states.get(from).bytes, low, high, to);
    }

    /// Rules that can be empty, to a fixed point.
    private boolean[] nullable() {
        boolean[] nullable = new boolean[starts.length];
        for (boolean changed = true; changed; ) {
            changed = false;
            for (int rule = 0; rule < starts.length; rule++) {
                if (!nullable[rule] && reaches(starts[rule], nullable)) {
                    nullable[rule] = true;
                    changed = true;
                }
            }
        }
        return nullable;
    }

    /// Can the end of a rule be reached from here without reading a byte?
    private boolean reaches(int start, boolean[] nullable) {
        return before(start, nullable).stream().anyMatch(state -> states.get(state).isEnd);
    }

    /// All states that can be reached without reading a byte, calls of empty rules included.
    private List<Integer> before(int start, boolean[] nullable) {
        List<Integer> found = new ArrayList<>(List.of(start));
        java.util.Set<Integer> seen = new java.util.HashSet<>(found);
        for (int i = 0; i < found.size(); i++) {
            State state = states.get(found.get(i));
            for (int next : state.empty) {
                if (seen.add(next)) {
                    found.add(next);
                }
            }
            for (int c = 0; c < state.calls.length; c += 2) {
                if (nullable[state.calls[c]] && seen.add(state.calls[c + 1])) {
                    found.add(state.calls[c + 1]);
                }
            }
        }
        return found;
    }

    private void refuseLeftRecursion() {
        boolean[] nullable = nullable();
        int[][] firsts = new int[starts.length][];
        for (int rule = 0; rule < starts.length; rule++) {
            firsts[rule] = before(starts[rule], nullable).stream().flatMapToInt(state -> {
                int[] calls = states.get(state).calls;
                return java.util.stream.IntStream.range(0, calls.length / 2).map(i -> calls[2 * i]);
            }).distinct().toArray();
        }
        int[] colour = new int[starts.length];                 // 0 new, 1 open, 2 done
        for (int rule = 0; rule < starts.length; rule++) {
            int[] stack = new int[starts.length + 1], position = new int[starts.length + 1];
            int depth = 0;
            if (colour[rule] != 0) {
                continue;
            }
            stack[0] = rule;
            colour[rule] = 1;
            while (depth >= 0) {
                int top = stack[depth];
                if (position[depth] == firsts[top].length) {
                    colour[top] = 2;
                    position[depth--] = 0;
                    continue;
                }
                int next = firsts[top][position[depth]++];
                if (colour[next] == 1) {
                    throw new IllegalArgumentException(Brief.text("grammar: rule " + names.get(next)) + " is left-recursive: it can begin with itself; write the repetition with * or put the recursion last");
                }
                if (colour[next] == 0) {
                    colour[next] = 1;
                    stack[++depth] = next;
                    position[depth] = 0;
                }
            }
        }
    }

    /// A rule that can never end (`a ::= "x" a`) would lead the text into a dead end.
    private void refuseUnending() {
        boolean[] ends = new boolean[starts.length];
        for (boolean changed = true; changed; ) {
            changed = false;
            for (int rule = 0; rule < starts.length; rule++) {
                if (!ends[rule] && canEnd(starts[rule], ends)) {
                    ends[rule] = true;
                    changed = true;
                }
            }
        }
        for (int rule = 0; rule < starts.length; rule++) {
            if (!ends[rule]) {
                throw new IllegalArgumentException(Brief.text("grammar: rule " + names.get(rule)) + " can never end; no text follows it");
            }
        }
    }

    private boolean canEnd(int start, boolean[] ends) {
        List<Integer> found = new ArrayList<>(List.of(start));
        java.util.Set<Integer> seen = new java.util.HashSet<>(found);
        for (int i = 0; i < found.size(); i++) {
            State state = states.get(found.get(i));
            if (state.isEnd) {
                return true;
            }
            for (int next : state.empty) {
                if (seen.add(next)) {
                    found.add(next);
                }
            }
            for (int b = 2; b < state.bytes.length; b += 3) {
                if (seen.add(state.bytes[b])) {
                    found.add(state.bytes[b]);
                }
            }
            for (int c = 0; c < state.calls.length; c += 2) {
                if (ends[state.calls[c]] && seen.add(state.calls[c + 1])) {
                    found.add(state.calls[c + 1]);
                }
            }
        }
        return false;
    }
}
