package dev.jackdaw.model.generate;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.token.TokenList;
import dev.jackdaw.model.token.Tokenizer;
import java.util.ArrayList;
import java.util.List;

/// Guesses with a smaller model of the same vocabulary (Leviathan et al., "Fast inference from transformers via speculative decoding", 2023).
public final class DraftModel implements Drafter {
    /// Guesses must be independent of the choices between them.
    private static final long OTHER_RANDOM = 0x5DEECE66DL;

    private final Predictor predictor;

    /// @param predictor a model whose tokens mean what the target's mean; [#requireSameVocabulary] checks that
    public DraftModel(Predictor predictor) {
        this.predictor = predictor;
    }

    /// Refuses a draft whose tokens are not those of `target`.
    public static void requireSameVocabulary(Model target, Model draft) {
        String advice = "; a draft must have been trained with the same tokenizer, or guess without a model: --speculate lookup";
        if (target.hasTokenizer() != draft.hasTokenizer()) {
            throw new IllegalArgumentException("speculate: " + (draft.hasTokenizer() ? target : draft).path() + " has no tokenizer that could be compared with that of "
                    + (draft.hasTokenizer() ? draft : target).path() + advice);
        }
        if (!target.hasTokenizer()) {
            if (target.spec().vocabulary() != draft.spec().vocabulary()) {
                throw new IllegalArgumentException("speculate: the draft " + draft.path() + " has a vocabulary of " + draft.spec().vocabulary() + " tokens, the model one of "
                        + target.spec().vocabulary() + advice);
            }
            return;
        }
        Tokenizer a = target.tokenizer(), b = draft.tokenizer();
        if (a.vocabularySize() != b.vocabularySize()) {
            throw new IllegalArgumentException("speculate: the tokenizer of the draft " + draft.path() + " has " + b.vocabularySize() + " tokens, that of the model "
                    + a.vocabularySize() + advice);
        }
        for (int id = 0; id < a.vocabularySize(); id++) {
            if (!a.piece(id).equals(b.piece(id))) {
                throw new IllegalArgumentException("speculate: token " + id + " is \"" + b.piece(id) + "\" for the draft " + draft.path() + " and \"" + a.piece(id)
                        + "\" for the model" + advice);
            }
        }
    }

    @Override
    public Guesser newText(int capacity, Sampling sampling) {
        // Penalties and feedback belong to the text that is written, not to guesses at it.
        Sampling plain = sampling.withPenalties(Penalties.NONE).withDry(Dry.NONE).withMirostat(Mirostat.NONE).withXtc(0, sampling.xtcThreshold())
                .withSeed(sampling.seed() ^ OTHER_RANDOM);
        int room = Math.min(capacity, predictor.context());
        Predictor.Past past = predictor.newText(room);
        return new Guesser() {
            private final Sampler sampler = new Sampler(plain);
            private final TokenList read = new TokenList();

            @Override
            public List<Proposal> guess(TokenList text, int most) {
                int same = 0;
                while (same < Math.min(text.size() - 1, read.size()) && text.get(same) == read.get(same)) {
                    same++;
                }
                most = Math.min(most, room - text.size() + 1);
                if (most < 1) {
                    return List.of();
                }
                past.truncate(same);
                read.clear();
                read.addAll(text.array(), 0, text.size());
                float[] logits = past.logits(java.util.Arrays.copyOfRange(text.array(), same, text.size()));
                List<Proposal> guesses = new ArrayList<>(most);
                while (true) {
                    Proposal guess = sampler.propose(logits);
                    if (guess != null) {
                        guesses.add(guess);
                    }
                    if (guess == null || guesses.size() == most) {
                        return guesses;
                    }
                    logits = past.logits(guess.token());
                    read.add(guess.token());
                }
            }

            @Override
            public void close() {
                past.close();
            }
        };
    }
}
