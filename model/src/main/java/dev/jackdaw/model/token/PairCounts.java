package dev.jackdaw.model.token;

import java.util.Arrays;

/// The words as sequences of ids, and how often each pair of neighbours is seen in all of them.
final class PairCounts {
    private int[] symbols = new int[1 << 16];        // all words, one after the other; a merge leaves gaps
    private int[] start = new int[1 << 12];          // word → where it begins
    private int[] length = new int[1 << 12];
    private long[] seen = new long[1 << 12];         // word → its count
    private int words;
    private int end;

    private final LongIntMap indexOf = new LongIntMap(1 << 12);      // pair of ids → index into the following
    private long[] pairs = new long[1 << 12];
    private long[] counts = new long[1 << 12];
    private int[][] wordsWith = new int[1 << 12][];  // the words that contain the pair, or did once
    private int[] wordsWithSize = new int[1 << 12];
    private int[] raisedIn = new int[1 << 12];       // the last step that raised the count
    private final TokenList raised = new TokenList(1 << 12);
    private int step;
    private final PairQueue queue = new PairQueue();
    private int best;

    PairCounts(WordCounts[] tables, int[] idOfByte) {
        for (WordCounts table : tables) {
            table.forEach((bytes, from, size, count) -> {
                if (size > 1) {
                    addWord(bytes, from, size, count, idOfByte);
                }
            });
        }
        offerRaised();
    }

    private void addWord(byte[] bytes, int from, int size, long count, int[] idOfByte) {
        if (symbols.length - end < size) {
            symbols = Arrays.copyOf(symbols, (int) Math.min(Integer.MAX_VALUE - 8, Math.max(symbols.length * 2L, (long) end + size)));
        }
        if (words == start.length) {
            start = Arrays.copyOf(start, words * 2);
            length = Arrays.copyOf(length, words * 2);
            seen = Arrays.copyOf(seen, words * 2);
        }
        start[words] = end;
        length[words] = size;
        seen[words] = count;
        for (int i = 0; i < size; i++) {
            symbols[end + i] = idOfByte[bytes[from + i] & 0xFF];
        }
        for (int i = 0; i + 1 < size; i++) {
            raise(symbols[end + i], symbols[end + i + 1], words);
        }
        end += size;
        words++;
    }

    private void raise(int left, int right, int word) {
        int pair = index(left, right);
        counts[pair] += seen[word];
        int known = wordsWithSize[pair];
        if (known == 0 || wordsWith[pair][known - 1] != word) {
            if (known == wordsWith[pair].length) {
                wordsWith[pair] = Arrays.copyOf(wordsWith[pair], known * 2);
            }
            wordsWith[pair][known] = word;
            wordsWithSize[pair]++;
        }
        if (raisedIn[pair] != step) {
            raisedIn[pair] = step;
            raised.add(pair);
        }
    }

    private void lower(int left, int right, int word) {
        counts[indexOf.get(LongIntMap.pair(left, right))] -= seen[word];
    }

    private int index(int left, int right) {
        long key = LongIntMap.pair(left, right);
        int pair = indexOf.get(key);
        if (pair >= 0) {
            return pair;
        }
        pair = indexOf.size();
        if (pair == pairs.length) {
            pairs = Arrays.copyOf(pairs, pair * 2);
            counts = Arrays.copyOf(counts, pair * 2);
            wordsWith = Arrays.copyOf(wordsWith, pair * 2);
            wordsWithSize = Arrays.copyOf(wordsWithSize, pair * 2);
            raisedIn = Arrays.copyOf(raisedIn, pair * 2);
        }
        pairs[pair] = key;
        wordsWith[pair] = new int[2];
        raisedIn[pair] = -1;
        indexOf.put(key, pair);
        return pair;
    }

    /// Lower counts are put right when their pair comes up, higher ones must be told to the queue at once.
    private void offerRaised() {
        for (int i = 0; i < raised.size(); i++) {
            int pair = raised.get(i);
            if (counts[pair] > 0) {
                queue.add(counts[pair], pairs[pair], pair);
            }
        }
        raised.clear();
        step++;
    }

    /// Finds the pair seen most often, and says how often; 0 if there is none left.
    long takeBest() {
        while (!queue.isEmpty()) {
            long count = queue.firstCount();
            best = queue.removeFirst();
            if (counts[best] == count) {
                return count;
            }
            if (counts[best] > 0 && counts[best] < count) {
                queue.add(counts[best], pairs[best], best);
            }
        }
        return 0;
    }

    int left() {
        return (int) (pairs[best] >>> 32);
    }

    int right() {
        return (int) pairs[best];
    }

    /// Replaces the pair found last by `joined` in all words.
    void merge(int joined) {
        int left = left();
        int right = right();
        int[] where = wordsWith[best];
        int many = wordsWithSize[best];
        wordsWith[best] = new int[2];
        wordsWithSize[best] = 0;
        for (int i = 0; i < many; i++) {
            mergeWord(where[i], left, right, joined);
        }
        offerRaised();
    }

    private void mergeWord(int word, int left, int right, int joined) {
        int from = start[word];
        int to = from + length[word];
        int out = from;
        for (int in = from; in < to; out++) {
            if (symbols[in] != left || in + 1 == to || symbols[in + 1] != right) {
                symbols[out] = symbols[in++];
                continue;
            }
            lower(left, right, word);
            if (out > from) {
                lower(symbols[out - 1], left, word);
                raise(symbols[out - 1], joined, word);
            }
            in += 2;
            if (in < to) {
                lower(right, symbols[in], word);
                raise(joined, symbols[in], word);
            }
            symbols[out] = joined;
        }
        length[word] = out - from;
    }
}
