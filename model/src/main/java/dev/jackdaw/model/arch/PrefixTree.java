package dev.jackdaw.model.arch;

import dev.jackdaw.model.arch.PagePool.Page;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Remembers the beginnings of texts, page by page, so that a text that begins like an earlier one need not be read again.
///
/// ```
///                    ┌─ [page: tokens 64–127 of text 1] ── [41 tokens: where text 1 ended]
/// [page: tokens 0–63]┤
///                    └─ [page: tokens 64–127 of texts 2 and 3] ─ …
/// ```
///
/// A page is found by its 64 tokens and by all pages before it, since keys and values depend on everything to their left. A text may also
/// begin within a page; it takes a copy of that page as soon as it writes. Pages that only the tree holds are idle; when they exceed the
/// budget, or the pool runs dry, the ones unused for longest go, ends first.
public final class PrefixTree implements AutoCloseable {
    /// Fewer common tokens of a page are not worth copying it.
    private static final int LEAST = 4;

    /// The tokens of a page, at most 64.
    private record Tokens(int[] ids) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Tokens(int[] others) && Arrays.equals(ids, others);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(ids);
        }
    }

    /// A page in the tree.
    static final class Node {
        final Node parent;
        private final Tokens tokens;
        final Page page;
        private final Map<Tokens, Node> children = new HashMap<>();
        private long lastUse;

        private Node(Node parent, Tokens tokens, Page page) {
            this.parent = parent;
            this.tokens = tokens;
            this.page = page;
        }

        int[] ids() {
            return tokens.ids;
        }

        boolean isFull() {
            return tokens.ids.length == PageLayout.POSITIONS;
        }
    }

    private final PagePool pool;
    private final long budget;
    private final Map<Object, Node> roots = new HashMap<>();
    private final List<Node> nodes = new ArrayList<>();
    private long clock;

    /// @param budgetBytes of idle pages
    public PrefixTree(PagePool pool, long budgetBytes) {
        this.pool = pool;
        budget = budgetBytes;
        pool.whenFull(this::dropOldest);
    }

    /// What else the keys of a text depend on.
    private record Kind(boolean longText, Object variant) {
    }

    private static Kind kind(KvCache cache, Object variant) {
        return new Kind(cache.isLongText(), cache.adapters().isEmpty() ? variant : Arrays.asList(variant, cache.adapters()));
    }

    /// Lets an empty cache begin with what is known of the first `most` of `text`; the number of positions.
    ///
    /// @param variant what else the keys depend on, such as an adapter; null: nothing
    public int begin(KvCache cache, int[] text, int most, Object variant) {
        synchronized (pool) {
            require(cache);
            if (cache.length() > 0) {
                throw new IllegalArgumentException("prefix: the text has " + cache.length() + " positions already; only an empty one can begin with shared pages");
            }
            Node at = roots.get(kind(cache, variant));
            List<Page> pages = new ArrayList<>();
            int length = 0;
            while (at != null && most - length >= PageLayout.POSITIONS) {
                Node next = at.children.get(new Tokens(Arrays.copyOfRange(text, length, length + PageLayout.POSITIONS)));
                if (next == null) {
                    break;
                }
                next.lastUse = ++clock;
                pages.add(next.page);
                length += PageLayout.POSITIONS;
                at = next;
            }
            Node best = null;
            int longest = LEAST - 1;
            for (Node child : at == null ? List.<Node>of() : at.children.values()) {
                int n = Math.min(child.ids().length, most - length), differs = n <= longest ? 0 : Arrays.mismatch(child.ids(), 0, n, text, length, length + n);
                int common = differs < 0 ? n : differs;
                if (common > longest) {
                    longest = common;
                    best = child;
                }
            }
            if (best != null) {
                best.lastUse = ++clock;
                pages.add(best.page);
                length += longest;
            }
            cache.begin(pages.toArray(Page[]::new), text, length);
            return length;
        }
    }

    /// Remembers the full pages of a text; with `ended` also the last one, which the text must not write into any more.
    public void add(KvCache cache, boolean ended, Object variant) {
        synchronized (pool) {
            require(cache);
            int[] text = cache.tokens();
            Node at = roots.computeIfAbsent(kind(cache, variant), _ -> new Node(null, null, null));
            int from = 0;
            for (int i = 0; from < text.length; i++, from += PageLayout.POSITIONS) {
                int n = Math.min(PageLayout.POSITIONS, text.length - from);
                if (n < PageLayout.POSITIONS && (!ended || n < LEAST)) {
                    break;
                }
                Tokens tokens = new Tokens(Arrays.copyOfRange(text, from, from + n));
                Node next = at.children.get(tokens);
                if (next == null) {
                    if (n < PageLayout.POSITIONS && isCovered(at, tokens.ids)) {
                        break;
                    }
                    dropCovered(at, tokens.ids);
                    next = insert(at, tokens, cache.page(i));
                }
                next.lastUse = ++clock;
                at = next;
            }
            trim();
        }
    }

    /// Drops idle pages until they fit the budget; call it when texts were closed.
    public void trim() {
        synchronized (pool) {
            for (long over = idle() - budget / pool.pageBytes(); over > 0 && dropOldest(); over--) {
                // the oldest of those that are left
            }
        }
    }

    private Node insert(Node parent, Tokens tokens, Page page) {
        Node node = new Node(parent, tokens, pool.hold(page));
        parent.children.put(tokens, node);
        nodes.add(node);
        return node;
    }

    /// Does a page begin with these tokens?
    private static boolean isCovered(Node parent, int[] ids) {
        return parent.children.values().stream().anyMatch(child -> child.ids().length >= ids.length && Arrays.mismatch(child.ids(), 0, ids.length, ids, 0, ids.length) < 0);
    }

    /// Pages that are the beginning of these tokens are not needed any more.
    private void dropCovered(Node parent, int[] ids) {
        for (Node child : List.copyOf(parent.children.values())) {
            int n = child.ids().length;
            if (n < ids.length && Arrays.mismatch(child.ids(), 0, n, ids, 0, n) < 0) {
                drop(child);
            }
        }
    }

    private void drop(Node node) {
        node.parent.children.remove(node.tokens);
        nodes.remove(node);
        pool.letGo(node.page);
    }

    /// Pages that nobody but the tree holds.
    public int idle() {
        synchronized (pool) {
            int count = 0;
            for (Node node : nodes) {
                count += pool.isShared(node.page) ? 0 : 1;
            }
            return count;
        }
    }

    /// Pages in the tree.
    public int size() {
        synchronized (pool) {
            return nodes.size();
        }
    }

    private boolean dropOldest() {
        Node oldest = null;
        for (Node node : nodes) {
            if (node.children.isEmpty() && !pool.isShared(node.page) && (oldest == null || node.lastUse < oldest.lastUse)) {
                oldest = node;
            }
        }
        if (oldest != null) {
            drop(oldest);
        }
        return oldest != null;
    }

    private void require(KvCache cache) {
        if (cache.pool() != pool) {
            throw new IllegalArgumentException("prefix: this text's pages are from another pool");
        }
    }

    /// The pages of texts without a variant, each behind the one before it.
    List<Node> ordered() {
        List<Node> ordered = new ArrayList<>();
        Node root = roots.get(new Kind(false, null));
        if (root != null) {
            collect(root, ordered);
        }
        return ordered;
    }

    private static void collect(Node node, List<Node> into) {
        for (Node child : node.children.values()) {
            into.add(child);
            collect(child, into);
        }
    }

    /// Adds a page that was saved, which becomes the tree's; `parent` is null for the first page of a text. Null if it is there already.
    Node restore(Node parent, int[] ids, Page page) {
        synchronized (pool) {
            Node at = parent == null ? roots.computeIfAbsent(new Kind(false, null), _ -> new Node(null, null, null)) : parent;
            Tokens tokens = new Tokens(ids);
            Node node = at.children.get(tokens);
            if (node == null) {
                node = insert(at, tokens, page);
                node.lastUse = ++clock;
            }
            pool.letGo(page);
            return node;
        }
    }

    /// Lets go of all pages.
    public void clear() {
        synchronized (pool) {
            nodes.forEach(node -> pool.letGo(node.page));
            nodes.clear();
            roots.clear();
        }
    }

    @Override
    public void close() {
        clear();
    }
}
