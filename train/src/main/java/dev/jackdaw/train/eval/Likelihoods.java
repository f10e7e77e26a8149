package dev.jackdaw.train.eval;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.arch.KvCache;
import dev.jackdaw.model.arch.PagePool;
import dev.jackdaw.model.arch.PrefixTree;
import dev.jackdaw.model.arch.Segment;
import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.eval.Examinee.Likelihood;
import java.util.ArrayList;
import java.util.List;

/// How likely a model finds continuations of prompts. A prompt is read once for all its continuations, what many prompts begin with once
/// for all of them, and several questions go through the model in one pass; a question has the same bits in any company.
final class Likelihoods implements AutoCloseable {
    /// Questions that go through the model together.
    private static final int TOGETHER = 16;

    /// Token ids.
    record Encoded(int[] prompt, List<int[]> continuations) {
        /// Positions of the longest text; the last token of a continuation is predicted and never read.
        int length() {
            return prompt.length + continuations.stream().mapToInt(ids -> ids.length - 1).max().orElse(0);
        }
    }

    private final Forward forward;
    private final PagePool pool;
    private final PrefixTree tree;

    /// @param idleBytes of beginnings that are remembered
    Likelihoods(Forward forward, long idleBytes) {
        this.forward = forward;
        pool = new PagePool(forward.spec(), forward.cacheType(), Long.MAX_VALUE);
        tree = new PrefixTree(pool, idleBytes);
    }

    /// Sums up what is known of one continuation.
    private static final class Sum {
        private double logprob;
        private boolean greedy = true;

        void add(Tensor logits, int target) {
            logprob -= BitsPerByte.loss(logits, target);
            greedy &= isLikeliest(logits, target);
        }

        private static boolean isLikeliest(Tensor logits, int target) {
            long a = logits.address();
            float own = Memory.getFloat(a + 4L * target);
            for (long i = 0; i < logits.elements(); i++) {
                float other = Memory.getFloat(a + 4 * i);
                if (other > own || other == own && i < target) {
                    return false;
                }
            }
            return true;
        }
    }

    /// All questions must fit the model's context.
    void judge(List<Encoded> questions, Examinee.Sink<List<Likelihood>> sink) {
        for (int done = 0; done < questions.size(); done += done == 0 ? 1 : TOGETHER) {       // the first alone, so that others begin with its pages
            List<Encoded> some = questions.subList(done, Math.min(questions.size(), done == 0 ? 1 : done + TOGETHER));
            List<List<Likelihood>> results = together(some);
            for (int i = 0; i < some.size(); i++) {
                sink.accept(done + i, results.get(i));
            }
        }
    }

    private List<List<Likelihood>> together(List<Encoded> questions) {
        List<KvCache> caches = new ArrayList<>();
        List<Sum[]> sums = new ArrayList<>();
        try {
            List<Segment> prompts = new ArrayList<>();
            for (Encoded question : questions) {
                KvCache cache = forward.newCache(pool, question.length());
                caches.add(cache);
                int known = tree.begin(cache, question.prompt, question.prompt.length - 1, null);
                prompts.add(new Segment(cache, question.prompt, known, question.prompt.length - known, 1));
                Sum[] own = new Sum[question.continuations.size()];
                java.util.Arrays.setAll(own, _ -> new Sum());
                sums.add(own);
            }
            forward.logits(prompts, (segment, _, logits) -> {
                for (int c = 0; c < sums.get(segment).length; c++) {
                    sums.get(segment)[c].add(logits, questions.get(segment).continuations.get(c)[0]);
                }
            });
            caches.forEach(cache -> tree.add(cache, false, null));
            int most = questions.stream().mapToInt(question -> question.continuations.size()).max().orElse(0);
            for (int c = 0; c < most; c++) {
                continuation(c, questions, caches, sums);
            }
        } finally {
            caches.forEach(KvCache::close);
            tree.trim();
        }
        List<List<Likelihood>> results = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            List<Likelihood> likelihoods = new ArrayList<>();
            for (int c = 0; c < sums.get(i).length; c++) {
                likelihoods.add(new Likelihood(sums.get(i)[c].logprob, questions.get(i).continuations.get(c).length, sums.get(i)[c].greedy));
            }
            results.add(likelihoods);
        }
        return results;
    }

    /// The tokens after the first of continuation `c` of every question that has one.
    private void continuation(int c, List<Encoded> questions, List<KvCache> caches, List<Sum[]> sums) {
        List<Segment> segments = new ArrayList<>();
        List<Integer> owners = new ArrayList<>();
        for (int i = 0; i < questions.size(); i++) {
            List<int[]> continuations = questions.get(i).continuations;
            if (c < continuations.size() && continuations.get(c).length > 1) {
                int n = continuations.get(c).length - 1;
                segments.add(new Segment(caches.get(i), continuations.get(c), 0, n, n));
                owners.add(i);
            }
        }
        if (segments.isEmpty()) {
            return;
        }
        forward.logits(segments, (segment, index, logits) -> {
            int owner = owners.get(segment);
            sums.get(owner)[c].add(logits, questions.get(owner).continuations.get(c)[index + 1]);
        });
        for (int owner : owners) {
            caches.get(owner).truncate(questions.get(owner).prompt.length);
        }
    }

    @Override
    public void close() {
        tree.close();
        pool.close();
    }
}
