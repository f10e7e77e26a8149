package dev.jackdaw.serve.models;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.Adapter;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.PagePool;
import dev.jackdaw.model.chat.Chat;
import dev.jackdaw.model.embed.Embedder;
import dev.jackdaw.model.embed.Reranker;
import dev.jackdaw.model.engine.Engine;
import dev.jackdaw.model.generate.TokenProbability;
import dev.jackdaw.model.generate.constrain.TokenTrie;
import dev.jackdaw.serve.http.ApiError;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.function.ToDoubleFunction;

/// A model in memory: its weights, the engine that carries it out for everybody, and how it converses.
public final class LoadedModel implements AutoCloseable {
    private final Device device;
    private final Model model;
    private final Engine engine;
    private final Chat chat;
    private final Map<Path, Adapter> adapters = new ConcurrentHashMap<>();
    private final Object adapterLock = new Object();
    private volatile TokenTrie trie;

    /// @param turn held while it computes, so that models take turns
    LoadedModel(Path path, ModelPool.Loading loading, Lock turn) throws IOException {
        device = Device.cpu(loading.threads(), loading.activations());
        Model opened = null;
        try {
            opened = Model.openToRun(path, device);
            model = opened;
            model.forward().cacheType(loading.cacheType());
            chat = model.hasTokenizer() && Chat.has(model) ? Chat.open(model) : null;
            engine = Engine.of(model, loading.engine(), turn);
        } catch (IOException | RuntimeException | Error e) {
            try (device; Model _ = opened) {
                throw e;
            }
        }
    }

    public Model model() {
        return model;
    }

    public Engine engine() {
        return engine;
    }

    public ModelSpec spec() {
        return model.spec();
    }

    public Optional<Chat> chat() {
        return Optional.ofNullable(chat);
    }

    /// @throws ApiError 400 if it is a base model
    public Chat requireChat(String name) {
        return chat().orElseThrow(() -> ApiError.bad("no_chat_template", "model", "model " + name
                + " is a base model: it has no chat template and cannot hold a conversation; continue a text with /v1/completions"));
    }

    /// All tokens as a tree of bytes, for what an answer must look like; made once, with the conversations'.
    public TokenTrie trie() {
        if (chat != null) {
            return chat.trie();
        }
        TokenTrie made = trie;
        if (made == null) {
            synchronized (this) {
                made = trie == null ? trie = TokenTrie.of(model.tokenizer()) : trie;
            }
        }
        return made;
    }

    Adapter adapter(Path path, float scale) throws IOException, InterruptedException {
        synchronized (adapterLock) {
            Adapter known = adapters.get(path);
            if (known == null) {
                try {
                    known = engine.ask(() -> model.adapter(path, scale));
                } catch (IllegalStateException e) {
                    if (e.getCause() instanceof IOException unreadable) {
                        throw unreadable;
                    }
                    throw e;
                }
                adapters.put(path, known);
            }
            return known;
        }
    }

    /// A text as a vector of length 1.
    public float[] embed(int... tokens) throws InterruptedException {
        return engine.ask(() -> new Embedder(model.forward()).embed(tokens));
    }

    /// What documents have to do with a query.
    public interface Relevance {
        double of(String document) throws InterruptedException;
    }

    /// Each document is a question of its own to the engine, so that conversations go on between two of them.
    public Relevance relevance(String query) throws InterruptedException {
        ToDoubleFunction<String> relevance = engine.ask(() -> new Reranker(model).relevance(query));
        return document -> engine.ask(() -> relevance.applyAsDouble(document));
    }

    /// How likely each token of a text is after those before it; of the first nothing is known, its logprob is NaN.
    ///
    /// @param top      so many of the likeliest tokens too
    /// @param adapters or null
    public List<TokenProbability> probabilities(int[] ids, int top, List<Adapter> adapters) throws InterruptedException {
        return engine.ask(() -> {
            List<TokenProbability> all = new ArrayList<>(ids.length);
            all.add(new TokenProbability(ids[0], Double.NaN, List.of()));
            float[] row = new float[model.spec().vocabulary()];
            try (PagePool pool = new PagePool(model.spec(), model.forward().cacheType(), Long.MAX_VALUE);
                    KvCache cache = adapters == null ? model.forward().newCache(pool, ids.length) : model.forward().newCache(pool, ids.length, adapters)) {
                model.forward().allLogits(cache, ids, (i, logits) -> {
                    if (i + 1 < ids.length) {
                        logits.copyTo(row);
                        all.add(TokenProbability.of(ids[i + 1], row, top));
                    }
                });
            }
            return all;
        });
    }

    @Override
    public void close() {
        try (device; model) {
            engine.close();
        }
    }
}
