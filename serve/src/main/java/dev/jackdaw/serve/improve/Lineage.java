package dev.jackdaw.serve.improve;

import java.util.List;
import java.util.Map;

/// Where a version of a deployed model comes from, `lineage.json` beside its weights. Written once; only [Forgetting] changes it.
///
/// @param version     its number
/// @param parent      the version it was made from, or null for the first
/// @param created     when
/// @param origin      of the first version: the model or run directory it was made from; of others the folder of the improvement
/// @param parameters  the file with its weights
/// @param data        files that it learned from, or that were kept for the improvements of a first version
/// @param corrections ids of all corrections that it has learned, those of its parents included
/// @param settings    of the improvement, or of the run directory
/// @param evaluation  before and after, or null for a first version
/// @param verdict     whether it may be promoted, and why; null for a first version
/// @param program     what computed
/// @param forgotten   corrections that its weights have learned and that were taken out of its data since; null: none
public record Lineage(int version, Integer parent, String created, String origin, FileFacts parameters, List<FileFacts> data, List<String> corrections, Map<String, Object> settings,
                      List<Verdict.Row> evaluation, Verdict verdict, Program program, Integer forgotten) {
    static final String FILE = "lineage.json";
    static final String PARAMETERS = "params.gguf";

    /// @param count of lines, where they are counted; else 0
    public record FileFacts(String name, String sha256, long bytes, long count) {
    }

    /// @param commit of the sources, where known
    /// @param java   the version of the JDK
    public record Program(String version, String commit, String java) {
    }

    public Lineage {
        data = List.copyOf(data);
        corrections = List.copyOf(corrections);
        settings = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(settings));
        evaluation = evaluation == null ? null : List.copyOf(evaluation);
    }

    /// May it be served without anybody insisting?
    public boolean isAccepted() {
        return verdict == null || verdict.promote();
    }
}
