package dev.jackdaw.model.embed;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.ModelSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/// Puts documents in the order of what they have to do with a query. A model with a classification head reads both together (a
/// cross-encoder); any other embeds both, and the cosine decides.
public final class Reranker {
    /// @param index     of the document in what was given
    /// @param relevance from a cross-encoder its score through a sigmoid, else a cosine
    public record Ranked(int index, String document, double relevance) {
    }

    private final Model model;

    public Reranker(Model model) {
        this.model = model;
    }

    /// All documents, the most relevant first; of equals the first given.
    public List<Ranked> rank(String query, List<String> documents) {
        ToDoubleFunction<String> relevance = relevance(query);
        List<Ranked> ranked = new ArrayList<>();
        for (int i = 0; i < documents.size(); i++) {
            ranked.add(new Ranked(i, documents.get(i), relevance.applyAsDouble(documents.get(i))));
        }
        return sorted(ranked);
    }

    /// The most relevant first; of equals the first given.
    public static List<Ranked> sorted(List<Ranked> ranked) {
        return ranked.stream().sorted(Comparator.comparingDouble(Ranked::relevance).reversed()).toList();
    }

    /// What a document has to do with the query, one at a time. Where the query can be read once for all, that is done now.
    public ToDoubleFunction<String> relevance(String query) {
        int[] question = ids(query);
        if (model.spec().output() instanceof ModelSpec.Score) {
            return document -> score(question, ids(document));
        }
        Embedder embedder = new Embedder(model.forward());
        float[] vector = embedder.embed(question);
        return document -> Embedder.cosine(vector, embedder.embed(ids(document)));
    }

    private int[] ids(String text) {
        return model.tokenizer().encode(text, false, true);
    }

    /// Both texts one after the other, as the encoder was taught: BERT drops the second's beginning, RoBERTa puts another end in its place.
    private double score(int[] query, int[] document) {
        boolean types = model.spec().embedding().types() > 1;
        int[] pair = new int[query.length + document.length - (types ? 1 : 0)];
        System.arraycopy(query, 0, pair, 0, query.length);
        pair[query.length] = query[query.length - 1];
        int skip = types ? 0 : 1;
        System.arraycopy(document, 1, pair, query.length + skip, document.length - 1);
        float[] labels = model.forward().score(pair, query.length);
        return 1 / (1 + Math.exp(-labels[labels.length - 1]));
    }
}
