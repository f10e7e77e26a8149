package dev.jackdaw.train.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// Which documents are never learned from, so that a model can be examined on them.
///
/// The choice is made by the [Fingerprint] of the text and by nothing else: not by name, order, chance or the rest of the corpus. A copy
/// falls on the same side as its original, and adding a document moves no other across, but for the few at the edge of a fixed size.
/// Near duplicates are removed before the split, so none of a held-out document is left to learn from.
public final class HoldOut {
    private HoldOut() {
    }

    /// By share: held out if the first 64 bits of the fingerprint, as a fraction of 2⁶⁴, are below `share`. Needs no other document.
    public static boolean isHeldOut(Fingerprint fingerprint, double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException("held-out share " + share + " is not between 0 and 1");
        }
        double position = (fingerprint.high() >>> 11) * 0x1.0p-53;
        return position < share;
    }

    /// By size: documents in ascending order of fingerprint until `bytes` are reached.
    ///
    /// Where the corpus is small, no more than `mostShare` of it. A document longer than an eighth of the size is passed over: one long
    /// file must not be half of the examination. At least one document is left to learn from.
    ///
    /// @return the numbers of the chosen documents, ascending
    public static int[] fixed(List<Fingerprint> fingerprints, long[] lengths, long bytes, double mostShare) {
        if (bytes < 0 || !(mostShare >= 0 && mostShare <= 1)) {
            throw new IllegalArgumentException("held-out size " + bytes + " bytes, share " + mostShare + ": give a size of at least 0 and a share from 0 to 1");
        }
        long total = 0;
        for (long length : lengths) {
            total += length;
        }
        long goal = Math.min(bytes, (long) (total * mostShare));
        List<Integer> order = IntStream.range(0, lengths.length).boxed().sorted(Comparator.comparing(fingerprints::get)).toList();
        List<Integer> chosen = new ArrayList<>();
        // Where an eighth of a small goal is less than almost any document, the limit is doubled until enough are found.
        for (long longest = Math.max(1, goal / 8), reached = 0; goal > 0 && lengths.length > 1 && reached < goal / 2; longest *= 2) {
            chosen.clear();
            reached = 0;
            for (int i : order) {
                if (reached >= goal || chosen.size() == lengths.length - 1) {
                    break;
                }
                if (lengths[i] <= longest) {
                    chosen.add(i);
                    reached += lengths[i];
                }
            }
            if (longest > total) {
                break;
            }
        }
        return chosen.stream().mapToInt(Integer::intValue).sorted().toArray();
    }
}
