package dev.jackdaw.model.generate.constrain;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/// The places a reader of the grammar can be in, made as they are needed. A place is a set of stacks (the grammar may be ambiguous);
/// a stack is a state and the states to return to. Stacks and places exist once, so that what follows from one is computed once.
final class Configurations {
    /// The bottom of a stack: the text may end here.
    static final int END = 0;
    /// The bottom of a stack whose lower part is not looked at.
    static final int OPEN = 1;
    private static final int MOST_STACKS = 5_000;
    private static final long MOST_WORK = 30_000_000;
    private static final int MOST_PLACES = 60_000;

    private record Stack(int state, int below) { }

    /// A set of stacks. `isOpen`: one of them returned into the part that is not looked at.
    static final class Place {
        final int[] stacks;
        final boolean mayEnd;
        final boolean isOpen;
        private Place[] next;                        // by kind of byte

        Place(int[] stacks, boolean mayEnd, boolean isOpen) {
            this.stacks = stacks;
            this.mayEnd = mayEnd;
            this.isOpen = isOpen;
        }

        /// Nothing can follow and nothing ends here.
        boolean isDead() {
            return stacks.length == 0 && !mayEnd && !isOpen;
        }
    }

    private record Key(int[] stacks, boolean mayEnd, boolean isOpen) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && Arrays.equals(stacks, key.stacks) && mayEnd == key.mayEnd && isOpen == key.isOpen;
        }

        @Override
        public int hashCode() {
            return 4 * Arrays.hashCode(stacks) + (mayEnd ? 2 : 0) + (isOpen ? 1 : 0);
        }
    }

    private final Automaton automaton;
    private final Map<Stack, Integer> stackIds = new HashMap<>();
    private int[] stackStates = new int[1024];
    private int[] stackBelow = new int[1024];
    private int stackCount = 2;
    private long work;
    private final Map<Key, Place> places = new HashMap<>();

    Configurations(Automaton automaton) {
        this.automaton = automaton;
    }

    Place start() {
        Collector collector = new Collector();
        collector.visit(automaton.start(), END);
        return collector.place();
    }

    /// The place of one stack whose lower part is not looked at.
    Place open(int state) {
        Collector collector = new Collector();
        collector.tops.add(stack(state, OPEN));
        return collector.place();
    }

    /// Where the stack below continues after a return.
    Place after(int below) {
        Collector collector = new Collector();
        collector.finish(below);
        return collector.place();
    }

    int state(int stack) {
        return stackStates[stack];
    }

    int below(int stack) {
        return stackBelow[stack];
    }

    /// Forget what was computed if there is too much of it; `keep` gets a fresh place.
    boolean isFull() {
        return places.size() > MOST_PLACES || stackCount > 20 * MOST_PLACES;
    }

    /// The same place in other configurations.
    Place copy(Place place, Configurations from) {
        Collector collector = new Collector();
        for (int stack : place.stacks) {
            collector.tops.add(copyStack(stack, from));
        }
        collector.mayEnd = place.mayEnd;
        collector.isOpen = place.isOpen;
        return collector.place();
    }

    private int copyStack(int stack, Configurations from) {
        int[] states = new int[16];
        int n = 0;
        int at = stack;
        for (; at > OPEN; at = from.stackBelow[at]) {
            if (n == states.length) {
                states = Arrays.copyOf(states, 2 * n);
            }
            states[n++] = from.stackStates[at];
        }
        for (int i = n - 1; i >= 0; i--) {
            at = stack(states[i], at);
        }
        return at;
    }

    private int stack(int state, int below) {
        return stackIds.computeIfAbsent(new Stack(state, below), _ -> {
            if (stackCount == stackStates.length) {
                stackStates = Arrays.copyOf(stackStates, 2 * stackCount);
                stackBelow = Arrays.copyOf(stackBelow, 2 * stackCount);
            }
            stackStates[stackCount] = state;
            stackBelow[stackCount] = below;
            return stackCount++;
        });
    }

    /// Counts the work anew: of a grammar in which everything can be read in many ways, the question of what may come next is cut off.
    void begin() {
        work = 0;
    }

    /// The place after one more byte; dead if the byte is not allowed.
    Place next(Place place, int b) {
        if (place.next == null) {
            place.next = new Place[automaton.kinds()];
        }
        int kind = automaton.kind(b);
        Place known = place.next[kind];
        if (known == null) {
            known = collect(place, b).place();
            place.next[kind] = known;
        }
        return known;
    }

    /// The place after a token, which is read as a whole, byte by byte, or either way.
    Place next(Place place, int token, byte[] bytes) {
        Collector collector = automaton.isMark(token) ? collect(place, Automaton.TOKENS + token) : new Collector();
        if (bytes.length > 0) {
            Place after = place;
            for (byte b : bytes) {
                after = next(after, b & 255);
            }
            collector.add(after);
        }
        return collector.place();
    }

    private Collector collect(Place place, int symbol) {
        Collector collector = new Collector();
        for (int stack : place.stacks) {
            int[] edges = automaton.states.get(stackStates[stack]).bytes;
            for (int i = 0; i < edges.length; i += 3) {
                if (edges[i] <= symbol && symbol <= edges[i + 1]) {
                    collector.visit(edges[i + 2], stackBelow[stack]);
                }
            }
        }
        return collector;
    }

    /// Follows empty edges, calls and returns until bytes must be read.
    private final class Collector {
        private final Set<Integer> tops = new LinkedHashSet<>();
        private final Set<Long> seen = new java.util.HashSet<>();
        private final java.util.ArrayDeque<long[]> todo = new java.util.ArrayDeque<>();
        private boolean mayEnd;
        private boolean isOpen;

        void visit(int state, int below) {
            todo.push(new long[] {state, below});
            drain();
        }

        void add(Place place) {
            for (int stack : place.stacks) {
                tops.add(stack);
            }
            mayEnd |= place.mayEnd;
            isOpen |= place.isOpen;
        }

        void finish(int below) {
            ended(below);
            drain();
        }

        private void drain() {
            while (!todo.isEmpty()) {
                long[] pair = todo.pop();
                int state = (int) pair[0], below = (int) pair[1];
                if (++work > MOST_WORK) {
                    throw new IllegalArgumentException("grammar: " + MOST_WORK + " steps did not tell what may come next; the grammar is too ambiguous, or repeats repetitions");
                }
                if (!seen.add((long) state << 32 | below)) {
                    continue;
                }
                Automaton.State edges = automaton.states.get(state);
                if (edges.bytes.length > 0) {
                    tops.add(stack(state, below));
                    if (tops.size() > MOST_STACKS) {
                        throw new IllegalArgumentException("grammar: more than " + MOST_STACKS + " readings of one text; the grammar is too ambiguous");
                    }
                }
                for (int next : edges.empty) {
                    todo.push(new long[] {next, below});
                }
                for (int c = 0; c < edges.calls.length; c += 2) {
                    int back = edges.calls[c + 1];
                    Automaton.State after = automaton.states.get(back);
                    boolean isTail = after.isEnd && after.bytes.length + after.calls.length + after.empty.length == 0;      // nothing to return to
                    todo.push(new long[] {automaton.start(edges.calls[c]), isTail ? below : stack(back, below)});
                }
                if (edges.isEnd) {
                    ended(below);
                }
            }
        }

        private void ended(int below) {
            if (below == END) {
                mayEnd = true;
            } else if (below == OPEN) {
                isOpen = true;
            } else {
                todo.push(new long[] {stackStates[below], stackBelow[below]});
            }
        }

        Place place() {
            int[] sorted = tops.stream().mapToInt(Integer::intValue).sorted().toArray();
            return places.computeIfAbsent(new Key(sorted, mayEnd, isOpen), key -> new Place(key.stacks, key.mayEnd, key.isOpen));
        }
    }
}
