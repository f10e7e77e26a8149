package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.Forward;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.train.data.BatchReader;
import dev.jackdaw.train.data.TokenShard;
import dev.jackdaw.train.eval.BitsPerByte;
import dev.jackdaw.train.report.Sample;
import java.util.List;
import java.util.Map;

/// Learning from documents: rows full of text, examined by held-out documents, with dreams for samples.
final class TextCourse implements Course {
    private static final int SAMPLE_TOKENS = 160;
    private static final double SAMPLE_TEMPERATURE = 0.8;
    /// Most tokens of the held-out set that an evaluation on the way looks at.
    private static final long GLIMPSE = 65_536;

    private final TokenShard train;
    private final TokenShard heldOut;
    private final Tokenizer tokenizer;
    private final Trainer trainer;
    private final TrainSettings settings;
    private final BitsPerByte examination;
    private BatchReader reader;

    /// @param most tokens of the documents that are read; 0: all
    TextCourse(TokenShard train, TokenShard heldOut, Tokenizer tokenizer, Trainer trainer, long most) {
        this.train = train;
        this.heldOut = heldOut;
        this.tokenizer = tokenizer;
        this.trainer = trainer;
        settings = trainer.settings();
        reader = BatchReader.training(train, settings.context(), settings.seed(), most);
        reader.requireRows(settings.batch());
        examination = new BitsPerByte(trainer.device(), settings.model(), trainer.weights(), TrainSettings.pass(settings.model(), 64, settings.context()), settings.context());
    }

    @Override
    public Learned learn() {
        return new Learned(trainer.step(batch -> reader.next(batch.ids().address(), batch.targets().address(), settings.batch())), settings.tokensPerStep(), Map.of());
    }

    @Override
    public BatchReader.Position position() {
        return reader.position();
    }

    @Override
    public void resume(BatchReader.Position position) {
        reader = BatchReader.at(train, position);
    }

    @Override
    public double flopsPerToken() {
        return settings.model().trainingFlopsPerToken(settings.context());
    }

    @Override
    public double examine(boolean isLast) {
        return examination.measure(heldOut, 0, isLast ? GLIMPSE : glimpse(), _ -> { }).bitsPerByte();
    }

    /// Twenty evaluations, each a third of the work of training on as many tokens, should cost 5% of the run.
    private long glimpse() {
        return Math.clamp(settings.tokens() / 133, 8_192, GLIMPSE);
    }

    BitsPerByte examination() {
        return examination;
    }

    /// A dream: what the model writes when it is given nothing but the beginning of a document.
    @Override
    public List<Sample> samples(long step) {
        int end = train.endOfText();
        try (Forward forward = new Forward(settings.model(), trainer.device(), name -> trainer.weights().entry(name).data())) {
            int most = Math.min(SAMPLE_TOKENS, settings.model().context() - 1);
            int[] ids = new Generator(forward).generate(new int[] {end}, most, Sampling.of(SAMPLE_TEMPERATURE, settings.seed() + step), id -> id == end, _ -> { }).ids();
            return List.of(new Sample(step, step * settings.tokensPerStep(), "", tokenizer.decode(ids)));
        }
    }

    @Override
    public void close() {
        examination.close();
    }
}
