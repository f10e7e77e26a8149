package dev.jackdaw.cli;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.embed.Reranker;
import dev.jackdaw.tensor.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// `jackdaw rerank`: documents in the order of what they have to do with a query.
@Command(name = "rerank", description = "Order documents by what they have to do with a query, by a cross-encoder or by the cosine of embeddings.")
final class RerankCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ActivationOptions activations;

    @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file, a Hugging Face folder, or the directory of a training run.")
    private Path model;

    @Parameters(index = "1..*", arity = "0..*", paramLabel = "DOCUMENT", description = "The documents.")
    private List<String> documents = List.of();

    @Option(names = "--query", paramLabel = "TEXT", description = "What they are compared with.")
    private String query;

    @Option(names = "--jsonl", paramLabel = "FILE", description = "Lines {\"query\", \"documents\": […]}, one answer for each; - for standard input.")
    private String jsonLines;

    /// What `--json` prints, and a line of the answer to `--jsonl`; the most relevant first.
    record Result(List<Reranker.Ranked> results) {
    }

    @Override
    public Integer call() throws IOException {
        boolean given = query != null && !documents.isEmpty();
        if (given == (jsonLines != null)) {
            throw common.wrong("rerank: give --query TEXT and at least one DOCUMENT, or --jsonl FILE");
        }
        try (Device device = activations.exactUnlessAsked(common); Model model = Model.open(this.model, device)) {
            model.forward().note().ifPresent(note -> common.output().note("%s", note));
            Reranker reranker = new Reranker(model);
            if (jsonLines != null) {
                JsonLinesInput.forEach(jsonLines, common.in(), line -> common.output().jsonLine(new Result(reranker.rank(JsonLinesInput.text(line, "query"), texts(line)))));
                return 0;
            }
            Result result = new Result(reranker.rank(query, documents));
            common.output().json(result);
            for (Reranker.Ranked ranked : result.results()) {
                common.output().line("%8.4f  %s", ranked.relevance(), ranked.document());
            }
        }
        return 0;
    }

    private static List<String> texts(JsonNode line) {
        JsonNode documents = line.path("documents");
        if (!documents.isArray() || documents.isEmpty() || documents.valueStream().anyMatch(document -> !document.isString())) {
            throw new IllegalArgumentException("expected an array of texts in \"documents\", found " + (documents.isMissingNode() ? "nothing" : documents));
        }
        return documents.valueStream().map(JsonNode::stringValue).toList();
    }
}
