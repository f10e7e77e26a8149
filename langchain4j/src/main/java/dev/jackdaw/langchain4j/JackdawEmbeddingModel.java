package dev.jackdaw.langchain4j;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.embed.Embedder;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.output.Response;
import dev.langchain4j.model.output.TokenUsage;
import java.util.ArrayList;
import java.util.List;

/// A model in this process as LangChain4j's `EmbeddingModel`: vectors of length 1, pooled as the model says. The model must outlive it.
public final class JackdawEmbeddingModel implements EmbeddingModel {
    private final Model model;
    private final Embedder embedder;

    public JackdawEmbeddingModel(Model model) {
        this.model = model;
        embedder = new Embedder(model.forward());
    }

    @Override
    public synchronized Response<List<Embedding>> embedAll(List<TextSegment> segments) {
        List<Embedding> vectors = new ArrayList<>();
        int tokens = 0;
        for (TextSegment segment : segments) {
            int[] ids = model.tokenizer().encode(segment.text(), false, true);
            tokens += ids.length;
            vectors.add(Embedding.from(embedder.embed(ids)));
        }
        return Response.from(vectors, new TokenUsage(tokens));
    }

    @Override
    public int dimension() {
        return model.spec().width();
    }

    @Override
    public String modelName() {
        return model.path().getFileName().toString();
    }
}
