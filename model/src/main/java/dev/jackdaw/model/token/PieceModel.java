package dev.jackdaw.model.token;

/// Turns words into ids: what `tokenizers` calls the model. Cutting and cleaning the text is done before, names of special tokens are
/// taken out before that.
sealed interface PieceModel permits PieceMerges, Unigram, WordPiece {
    Pieces pieces();

    /// The id that stands for what the vocabulary cannot express, or -1.
    int unknown();

    /// What one thread needs to encode; remembers words.
    Worker worker();

    @FunctionalInterface
    interface Worker {
        /// Appends the ids of one word: `text[from, to)`, not empty.
        void encode(byte[] text, int from, int to, TokenList ids);
    }

    /// The common frame of [PieceMerges] and [Unigram]: cuts at `▁` where that changes nothing, looks words up, and makes one unknown
    /// token of neighbours.
    final class WordByWord implements Worker {
        private final WordCache cache = new WordCache();
        private final Worker word;
        private final boolean cutAtSpaces;
        private final int fused;                 // this id never stands twice in a row; -1: no such rule

        WordByWord(Worker word, boolean cutAtSpaces, int fused) {
            this.word = word;
            this.cutAtSpaces = cutAtSpaces;
            this.fused = fused;
        }

        @Override
        public void encode(byte[] text, int from, int to, TokenList ids) {
            int begin = ids.size();
            for (int at = from; at < to; ) {
                int end = cutAtSpaces ? Pieces.nextWord(text, at, to) : to;
                int size = ids.size();
                if (!cache.append(text, at, end - at, ids)) {
                    word.encode(text, at, end, ids);
                    cache.put(text, at, end - at, ids, size);
                }
                if (fused >= 0 && size > begin && ids.size() > size && ids.get(size) == fused && ids.get(size - 1) == fused) {
                    ids.remove(size);
                }
                at = end;
            }
        }
    }
}
