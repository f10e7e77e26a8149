package dev.jackdaw.model.generate.constrain;

import dev.jackdaw.model.generate.Constraint;
import dev.jackdaw.model.generate.constrain.Configurations.Place;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Keeps a text within a grammar. Which tokens are allowed at a place is computed once and remembered.
///
/// The tree of all tokens is walked for a single state, without what lies below it on the stack: tokens that stay inside the rule are
/// allowed wherever the state occurs, and where a token leaves the rule, the walk goes on from there with the stack at hand. So the
/// inside of a string costs one walk, however deep and in whatever field it stands.
///
/// For one text; [#fresh] begins another with the same memory. The texts may be written by different threads.
public final class GrammarConstraint implements Constraint {
    private static final int MOST_MASKS = 1024;

    /// What can be said of a state without its stack: tokens that stay inside, and nodes of the tree at which the rule ends.
    private record Local(TokenSet tokens, int[] leaves) { }

    /// Remembered for all texts of a grammar; whoever reads or changes it holds its lock.
    private static final class Memory {
        final Automaton automaton;
        final TokenTrie trie;
        final Map<Integer, Local> locals = bounded();
        Configurations configurations;
        Map<Place, TokenSet> masks = bounded();

        Memory(Automaton automaton, TokenTrie trie) {
            this.automaton = automaton;
            this.trie = trie;
            configurations = new Configurations(automaton);
        }

        private static <K, V> Map<K, V> bounded() {
            return new LinkedHashMap<>(64, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
                    return size() > MOST_MASKS;
                }
            };
        }
    }

    private final Memory memory;
    private Configurations configurations;
    private Place place;

    public GrammarConstraint(Grammar grammar, TokenTrie trie) {
        this(new Memory(new Automaton(grammar, trie::token), trie));
    }

    private GrammarConstraint(Memory memory) {
        this.memory = memory;
        synchronized (memory) {
            configurations = memory.configurations;
            configurations.begin();
            place = configurations.start();
        }
    }

    /// The same grammar from the beginning.
    public GrammarConstraint fresh() {
        return new GrammarConstraint(memory);
    }

    @Override
    public boolean mayEnd() {
        return place.mayEnd;
    }

    @Override
    public void mask(float[] logits) {
        allowed().mask(logits);
    }

    int maskCount() {
        synchronized (memory) {
            return memory.masks.size() + memory.locals.size();
        }
    }

    /// That the remembered masks take in memory.
    long maskBytes() {
        synchronized (memory) {
            return memory.masks.values().stream().mapToLong(TokenSet::bytes).sum() + memory.locals.values().stream().mapToLong(local -> local.tokens.bytes() + 4L * local.leaves.length).sum();
        }
    }

    /// Whether a token could come next, found byte by byte; the definition that the masks must agree with.
    boolean allows(int token) {
        synchronized (memory) {
            return !configurations.next(place, token, memory.trie.bytes(token)).isDead();
        }
    }

    TokenSet allowed() {
        synchronized (memory) {
            TokenSet known = memory.masks.get(place);
            if (known == null) {
                configurations.begin();
                known = mask();
                memory.masks.put(place, known);
            }
            return known;
        }
    }

    /// Where all tokens stay inside of one state's rule, they are the state's, which are kept once.
    private TokenSet mask() {
        if (place.stacks.length == 1) {
            Local local = local(configurations.state(place.stacks[0]));
            if (local.leaves.length == 0) {
                return local.tokens;
            }
        }
        long[] mask = new long[(memory.trie.tokens() + 63) >>> 6];
        for (int stack : place.stacks) {
            add(stack, mask);
        }
        return TokenSet.of(mask);
    }

    private void add(int stack, long[] mask) {
        Local local = local(configurations.state(stack));
        local.tokens.addTo(mask);
        if (local.leaves.length > 0) {
            Place after = configurations.after(configurations.below(stack));
            for (int node : local.leaves) {
                walk(configurations, node, after, mask, null);
            }
        }
    }

    /// Of copies of a repeated form one is enough, as far as the longest token sees.
    private Local local(int anyState) {
        int state = memory.automaton.alike(anyState, memory.trie.longest());
        Local known = memory.locals.get(state);
        if (known == null) {
            long[] mask = new long[(memory.trie.tokens() + 63) >>> 6];
            List<Integer> leaves = new ArrayList<>();
            Configurations own = new Configurations(memory.automaton);
            walk(own, 0, own.open(state), mask, leaves);
            int[] edges = memory.automaton.states.get(state).bytes;
            for (int i = 0; i < edges.length; i += 3) {
                if (edges[i] >= Automaton.TOKENS) {
                    mask[edges[i] - Automaton.TOKENS >>> 6] |= 1L << edges[i] - Automaton.TOKENS;
                }
            }
            known = new Local(TokenSet.of(mask), leaves.stream().mapToInt(Integer::intValue).toArray());
            memory.locals.put(state, known);
        }
        return known;
    }

    /// Marks the tokens below `node` that can be read from `from`; with `leaves`, collects the nodes at which the lower part of the stack is
    /// reached. No recursion: tokens may be long.
    private void walk(Configurations all, int node, Place from, long[] mask, List<Integer> leaves) {
        TokenTrie trie = memory.trie;
        Place[] places = new Place[64];
        int[] nodes = new int[64];
        int depth = 0;
        places[0] = from;
        nodes[0] = trie.child[node];
        while (depth >= 0) {
            int at = nodes[depth];
            if (at == 0) {
                depth--;
                continue;
            }
            nodes[depth] = trie.sibling[at];
            Place next = all.next(places[depth], trie.label[at] & 255);
            if (next.isDead()) {
                continue;
            }
            for (int token = trie.token[at]; token >= 0; token = trie.same[token]) {
                mask[token >>> 6] |= 1L << token;
            }
            if (trie.child[at] == 0) {
                continue;
            }
            if (next.isOpen && leaves != null) {
                leaves.add(at);
            }
            if (next.stacks.length > 0) {
                if (++depth == places.length) {
                    places = java.util.Arrays.copyOf(places, 2 * depth);
                    nodes = java.util.Arrays.copyOf(nodes, 2 * depth);
                }
                places[depth] = next;
                nodes[depth] = trie.child[at];
            }
        }
    }

    @Override
    public void accept(int token) {
        synchronized (memory) {
            configurations.begin();
            Place next = configurations.next(place, token, token < memory.trie.tokens() ? memory.trie.bytes(token) : new byte[0]);
            if (next.isDead()) {
                throw new IllegalStateException("grammar: token " + token + " is not allowed here");
            }
            place = next;
            if (configurations.isFull()) {
                Configurations fresh = new Configurations(memory.automaton);
                place = fresh.copy(place, configurations);
                configurations = fresh;
                memory.configurations = fresh;
                memory.masks.clear();
            }
        }
    }
}
