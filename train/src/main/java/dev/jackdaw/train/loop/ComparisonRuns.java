package dev.jackdaw.train.loop;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.chat.ChatTemplate;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.Tokenizers;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.train.chat.AnswerEncoder;
import dev.jackdaw.train.chat.AnswerEncoder.Sequence;
import dev.jackdaw.train.chat.Comparisons;
import dev.jackdaw.train.chat.Comparisons.Encoded;
import dev.jackdaw.train.report.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/// What [PreferenceTraining] and [RewardTraining] do alike: encode, plan, and refuse to go on with a run that began otherwise.
final class ComparisonRuns {
    private static final JsonMapper JSON = JsonMapper.shared();

    private ComparisonRuns() {
    }

    /// @param template or null: plain text
    /// @param ends     the token that ends a text follows a plain answer
    static Comparisons.Encoder encoder(ChatTemplate template, Tokenizer tokenizer, int context, boolean ends) {
        if (template == null) {
            return Comparisons.plain(tokenizer, ends ? tokenizer.id(SpecialTokens.END_OF_TEXT).orElseGet(() -> tokenizer.eos().orElse(0)) : -1, context);
        }
        AnswerEncoder encoder = new AnswerEncoder(template, tokenizer, context, Map.of());
        encoder.check();
        return Comparisons.chat(encoder);
    }

    /// The groups, with room for a text of `longest` places in a row.
    static List<List<Sequence>> withLongest(List<List<Sequence>> groups, int longest) {
        if (groups.stream().flatMap(List::stream).anyMatch(text -> text.length() >= longest)) {
            return groups;
        }
        List<List<Sequence>> all = new ArrayList<>(groups);
        all.add(List.of(new Sequence(new int[longest + 1], new BitSet())));       // no step asks for it
        return all;
    }

    static RunPlan plan(Path base, List<Path> data, Path out, Model model, String fingerprint, ChatTemplate template, TrainSettings settings, String train, String heldOut, List<Encoded> learned,
                        double heldOutShare, String tuning, RunPlan.Program program, Device device) {
        long tokens = learned.stream().flatMap(comparison -> comparison.answers().stream()).mapToLong(text -> text.trained().cardinality()).sum();
        RunPlan.Data facts = new RunPlan.Data(data.stream().map(Path::toString).toList(), model.spec().vocabulary(), Tokenizers.fingerprint(model.tokenizer()), train, heldOut, tokens, 0, 0);
        return new RunPlan(out.toAbsolutePath().normalize().getFileName().toString(), settings, facts, program, Machine.here(device.threads(), 0),
                new RunPlan.Base(base.toString(), fingerprint, template == null ? "" : template.source(), heldOutShare, tuning));
    }

    static void checkBase(RunPlan plan, String fingerprint, Path base, Path out, String tuning) throws IOException {
        if (plan == null) {
            return;
        }
        if (plan.base() == null) {
            throw new IOException("comparisons: " + out + " holds a pretraining run; give another directory with --out");
        }
        if (!plan.base().fingerprint().equals(fingerprint) || !plan.base().tuning().equals(tuning)) {
            throw new IOException("comparisons: the run in " + out + " began with " + plan.base().model() + " and trains " + plan.base().tuning() + "; " + base + " and " + tuning
                    + " are not the same. Go on with the same model and options, or give another directory with --out");
        }
    }

    /// Compares what is planned now with what the run in this directory began with.
    static void check(RunPlan old, RunPlan now, Path out, Object facts, String command) throws IOException {
        if (old == null) {
            return;
        }
        Path file = out.resolve("comparison.json");
        if (!Files.exists(file)) {
            throw new IOException(command + ": the run in " + out + " is of another kind; give another directory with --out");
        }
        String began = Files.readString(file), wanted = JSON.writeValueAsString(facts);
        if (!began.equals(wanted)) {
            throw new IOException(command + ": the run in " + out + " began with " + began + ", now it is " + wanted + "; go on with the same options, or give another directory with --out");
        }
        if (!old.data().trainFingerprint().equals(now.data().trainFingerprint()) || !old.data().heldOutFingerprint().equals(now.data().heldOutFingerprint())) {
            throw new IOException(command + ": the run in " + out + " began with other comparisons (" + old.data().trainFingerprint() + ", now " + now.data().trainFingerprint()
                    + "); go on with the same files, or give another directory with --out");
        }
        if (!old.settings().equals(now.settings())) {
            throw new IOException(command + ": the run in " + out + " began with " + old.settings() + ", now it is " + now.settings() + "; go on with the same options, or give another directory with --out");
        }
    }

    static void requireMemory(TrainSettings settings, String command) throws IOException {
        long needed = Trainer.bytesNeeded(settings), available = dev.jackdaw.tensor.Machine.availableBytes();
        if (available > 0 && needed > available) {
            throw new IOException(String.format(Locale.ROOT, "memory: %s of %,d parameters in passes of %d rows of %d tokens needs %,d MB, but %,d MB are available; choose a smaller --pass or --context",
                    command, settings.model().parameterCount(), settings.pass(), settings.context(), needed >> 20, available >> 20));
        }
    }
}
