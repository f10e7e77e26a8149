package dev.jackdaw.train.loop;

import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.arch.Weights;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.data.DataException;
import dev.jackdaw.train.data.Document;
import dev.jackdaw.train.data.DocumentSet;
import dev.jackdaw.train.data.Documents;
import dev.jackdaw.train.data.Progress;
import dev.jackdaw.train.data.Tally;
import dev.jackdaw.train.data.TokenShard;
import dev.jackdaw.train.eval.BitsPerByte;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Text that a model should predict as well after a training as before, though the training does not show it: what preferences cost is
/// measured in its bits per byte.
final class HeldOutText implements AutoCloseable {
    /// Most tokens that are looked at.
    private static final long MOST = 65_536;
    private static final int CONTEXT = 1024;

    private final TokenShard shard;
    private final BitsPerByte examination;

    private HeldOutText(TokenShard shard, BitsPerByte examination) {
        this.shard = shard;
        this.examination = examination;
    }

    /// Opens `data/text.tokens` of the run, which is made first if it is not there: from `sources`, or as a copy of what the run that made the
    /// base model held out. Null if there is neither.
    static HeldOutText open(Path run, Path base, List<Path> sources, Tokenizer tokenizer, ModelSpec spec, Weights weights, Device device) throws IOException {
        Path file = run.resolve("data/text.tokens"), held = (Files.isDirectory(base) ? base : base.toAbsolutePath().getParent()).resolve("data/held-out.tokens");
        if (!Files.exists(file)) {
            Files.createDirectories(file.getParent());
            if (sources != null && !sources.isEmpty()) {
                write(file, sources, tokenizer, spec, device.threads());
            } else if (Files.exists(held)) {
                Path aside = file.resolveSibling("text.tokens.tmp");
                Files.copy(held, aside, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                Files.move(aside, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
            } else {
                return null;
            }
        }
        TokenShard shard = TokenShard.open(file);
        if (shard.vocabulary() > spec.vocabulary()) {
            shard.close();
            throw new DataException("held-out text: " + file + " was tokenized with a vocabulary of " + shard.vocabulary() + ", the model has " + spec.vocabulary() + "; give text with --text");
        }
        int T = Math.min(CONTEXT, spec.context());
        return new HeldOutText(shard, new BitsPerByte(device, spec, weights, Math.max(1, 2048 / T), T));
    }

    private static void write(Path file, List<Path> sources, Tokenizer tokenizer, ModelSpec spec, int threads) {
        List<String> texts = new ArrayList<>();
        Documents.of(sources).forEach(new Documents.Sink() {
            @Override
            public void accept(Document document) {
                texts.add(new String(document.bytes(), StandardCharsets.UTF_8));
            }
        }, new Tally());
        if (texts.isEmpty()) {
            throw new DataException("held-out text: there is none in " + sources + "; give folders, text or source files with --text");
        }
        int end = tokenizer.id(SpecialTokens.END_OF_TEXT).orElseGet(() -> tokenizer.eos().orElse(0));
        TokenShard.write(file, DocumentSet.of(texts), text -> tokenizer.encode(text, false, false), spec.vocabulary(), end, "text", threads, Progress.SILENT).close();
    }

    BitsPerByte.Result measure() {
        return examination.measure(shard, 0, MOST, _ -> { });
    }

    @Override
    public void close() {
        examination.close();
        shard.close();
    }
}
