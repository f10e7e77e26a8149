package dev.jackdaw.train.data;

import java.util.List;

/// What was found, what became of it, and what is left: the answer of `data stats`. Plain values, so it is also the JSON.
///
/// @param documentsFound     everything that could be read as text
/// @param bytesFound         its length before cleaning
/// @param documents          left after cleaning and removal of duplicates
/// @param bytes              their length
/// @param headersRemoved     documents that lost a legal notice
/// @param headerBytes        the length of those notices
/// @param documentsRepaired  documents with bytes that were not UTF-8
/// @param exactDuplicates    removed because an earlier document has the same text
/// @param exactDuplicateBytes their length
/// @param nearDuplicates     removed because an earlier document has nearly the same text
/// @param nearDuplicateBytes their length
/// @param leftOut            every reason with its count, the duplicates among them
/// @param kinds              what the documents that are left are written in, most bytes first
/// @param trainDocuments     to learn from
/// @param trainBytes         their length
/// @param heldOutDocuments   for examination
/// @param heldOutBytes       their length
/// @param trainFingerprint   the same for the same texts in the same order
/// @param heldOutFingerprint likewise
/// @param tokens             of the documents to learn from; 0 before they are tokenized
/// @param bytesPerToken      likewise
public record CorpusStats(long documentsFound, long bytesFound, long documents, long bytes, long headersRemoved, long headerBytes,
                          long documentsRepaired, long exactDuplicates, long exactDuplicateBytes, long nearDuplicates, long nearDuplicateBytes,
                          List<LeftOut> leftOut, List<KindCount> kinds, long trainDocuments, long trainBytes, long heldOutDocuments,
                          long heldOutBytes, String trainFingerprint, String heldOutFingerprint, long tokens, double bytesPerToken) {
    /// @param example the first document it happened to
    public record LeftOut(String reason, String meaning, long documents, long bytes, String example) {
    }

    public record KindCount(String kind, long documents, long bytes) {
    }

    /// With what is known once the documents are tokenized.
    public CorpusStats withTokens(TokenShard train) {
        return new CorpusStats(documentsFound, bytesFound, documents, bytes, headersRemoved, headerBytes, documentsRepaired, exactDuplicates,
            exactDuplicateBytes, nearDuplicates, nearDuplicateBytes, leftOut, kinds, trainDocuments, trainBytes, heldOutDocuments, heldOutBytes,
            trainFingerprint, heldOutFingerprint, train.tokens(), train.bytesPerToken());
    }
}
