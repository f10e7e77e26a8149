package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.train.chat.AnswerBatches;
import dev.jackdaw.train.chat.AnswerSet;
import dev.jackdaw.train.data.BatchReader;
import dev.jackdaw.train.report.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/// Learning from conversations: rows of several, examined by the answers of held-out ones, with answers to some questions for samples.
final class AnswerCourse implements Course {
    /// Most batches that an examination on the way looks at.
    private static final int GLIMPSE = 8;
    private static final int SAMPLE_TOKENS = 160;

    /// A question to ask on the way.
    ///
    /// @param text what a report shows of it
    /// @param ids  the whole prompt
    record Question(String text, int[] ids) {
    }

    private final AnswerSet train;
    private final AnswerSet heldOut;         // or null
    private final List<Question> questions;
    private final Tokenizer tokenizer;
    private final Tuning tuning;
    private final Trainer trainer;
    private final TrainSettings settings;
    private AnswerBatches batches;

    AnswerCourse(AnswerSet train, AnswerSet heldOut, List<Question> questions, Tokenizer tokenizer, Tuning tuning, Trainer trainer) {
        this.train = train;
        this.heldOut = heldOut;
        this.questions = questions;
        this.tokenizer = tokenizer;
        this.tuning = tuning;
        this.trainer = trainer;
        settings = trainer.settings();
        batches = AnswerBatches.training(train, settings.context(), settings.seed());
    }

    @Override
    public Learned learn() {
        return new Learned(trainer.step(batch -> batches.next(batch.ids().address(), batch.targets().address(), batch.starts().address(), settings.batch())), settings.tokensPerStep(), Map.of());
    }

    @Override
    public BatchReader.Position position() {
        return batches.position();
    }

    @Override
    public void resume(BatchReader.Position position) {
        batches = AnswerBatches.at(train, position);
    }

    /// Attention looks back as far as the conversation, not the row.
    @Override
    public double flopsPerToken() {
        return settings.model().trainingFlopsPerToken((int) Math.max(1, train.tokens() / train.sequences()));
    }

    @Override
    public boolean examinesFirst() {
        return heldOut != null;
    }

    @Override
    public double examine(boolean isLast) {
        return heldOut == null ? Double.NaN : measure(isLast ? Integer.MAX_VALUE : GLIMPSE).bitsPerByte();
    }

    /// Held-out answers.
    ///
    /// @param nats     of all answer tokens that were looked at
    /// @param tokens   how many
    record Measured(double nats, long tokens, double bitsPerByte) {
    }

    Measured measure(int mostBatches) {
        AnswerBatches all = AnswerBatches.examination(heldOut, settings.context());
        double nats = 0;
        long tokens = 0;
        int rows = 0;
        for (int i = 0; i < mostBatches && rows < all.rows(); i++, rows += settings.batch()) {
            long[] learned = {0};
            trainer.fill(batch -> learned[0] = all.next(batch.ids().address(), batch.targets().address(), batch.starts().address(), settings.batch()));
            nats += Trainer.sum(trainer.losses());
            tokens += learned[0];
        }
        return new Measured(nats, tokens, nats / Math.log(2) / (tokens * heldOut.bytesPerToken()));
    }

    /// What it answers, by the likeliest token each time.
    @Override
    public List<Sample> samples(long step) {
        List<Sample> samples = new ArrayList<>();
        try (Forward forward = tuning.forward()) {
            for (Question question : questions) {
                int most = Math.min(SAMPLE_TOKENS, settings.model().context() - question.ids().length);
                if (most > 0) {
                    int[] ids = new Generator(forward).generate(question.ids(), most, Sampling.greedy(), tokenizer::ends, _ -> { }).ids();
                    int n = ids.length > 0 && tokenizer.ends(ids[ids.length - 1]) ? ids.length - 1 : ids.length;
                    samples.add(new Sample(step, step * settings.tokensPerStep(), question.text(), tokenizer.decode(Arrays.copyOf(ids, n))));
                }
            }
        }
        return samples;
    }

    @Override
    public void close() {
    }
}
