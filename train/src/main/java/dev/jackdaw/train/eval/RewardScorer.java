package dev.jackdaw.train.eval;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.model.chat.ChatTemplate;
import dev.jackdaw.model.chat.ChatTemplates;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Sampling;
import dev.jackdaw.model.token.SpecialTokens;
import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.train.chat.AnswerEncoder;
import dev.jackdaw.train.chat.Comparisons;
import dev.jackdaw.train.chat.Conversation;
import dev.jackdaw.train.chat.Malformed;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// What a reward model thinks of answers, encoded as it was taught: by the chat template in its file, or as plain text where it has none.
public final class RewardScorer {
    /// An answer and its score.
    public record Candidate(String text, double score) {
    }

    private final Model reward;
    private final Comparisons.Encoder encoder;

    public RewardScorer(Model reward) throws IOException {
        if (!(reward.spec().output() instanceof ModelSpec.Reward)) {
            throw new IllegalArgumentException(reward.path() + ": this is no reward model, it has no score.weight; train one with: jackdaw reward MODEL --data PAIRS --out DIR");
        }
        this.reward = reward;
        Tokenizer tokenizer = reward.tokenizer();
        ChatTemplate template = ChatTemplates.read(reward.path()).orElse(null);
        encoder = template == null ? Comparisons.plain(tokenizer, tokenizer.id(SpecialTokens.END_OF_TEXT).orElseGet(() -> tokenizer.eos().orElse(0)), reward.spec().context() - 1)
                : Comparisons.chat(new AnswerEncoder(template, tokenizer, reward.spec().context() - 1, Map.of()));
    }

    public double score(Conversation conversation) throws Malformed {
        return reward.forward().reward(encoder.encode(conversation).ids())[0];
    }

    public double score(String prompt, String answer) throws Malformed {
        return score(Conversation.of(prompt, answer));
    }

    /// Lets a model answer `n` times and scores the answers, the best first (best-of-N; Stiennon et al., 2020). Empty answers are no candidates.
    ///
    /// @param model    who answers: in its chat template, or by continuing the prompt if it has none or `plain` is wanted
    /// @param seed of the first answer; it grows by one from answer to answer
    public List<Candidate> best(Model model, String prompt, boolean plain, int n, int maxTokens, double temperature, long seed) throws IOException, Malformed {
        Tokenizer tokenizer = model.tokenizer();
        ChatTemplate template = plain ? null : ChatTemplates.read(model.path()).orElse(null);
        int[] ids = template == null ? tokenizer.encode(prompt, false, true) : template.render(List.of(Message.of("user", prompt).toMap()), null, true, Map.of()).encode(tokenizer);
        List<Candidate> candidates = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            Generator.Result result = new Generator(model.forward()).generate(ids, maxTokens, Sampling.of(temperature, seed + i), tokenizer::ends, _ -> { });
            int[] written = result.ids();
            if (written.length > 0 && tokenizer.ends(written[written.length - 1])) {
                written = java.util.Arrays.copyOf(written, written.length - 1);
            }
            String text = tokenizer.decode(written);
            if (!text.isBlank()) {
                candidates.add(new Candidate(text, score(prompt, text)));
            }
        }
        candidates.sort(Comparator.comparingDouble(Candidate::score).reversed());
        return candidates;
    }
}
