package dev.jackdaw.train.data;

/// Told from time to time how far a long piece of work is; called on the thread that asked for the work.
@FunctionalInterface
public interface Progress {
    Progress SILENT = (_, _, _, _) -> { };

    /// @param phase     what is being done: `clean`, `tokenize`
    /// @param documents how many are done
    /// @param bytes     of text, done
    /// @param fraction  0 to 1 of the phase; negative while unknown
    void update(String phase, long documents, long bytes, double fraction);
}
