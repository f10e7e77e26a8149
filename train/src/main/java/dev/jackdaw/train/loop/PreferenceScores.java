package dev.jackdaw.train.loop;

import dev.jackdaw.train.chat.Comparisons.Encoded;
import dev.jackdaw.train.eval.Share;
import dev.jackdaw.train.loss.PreferenceLoss;
import dev.jackdaw.train.loss.PreferenceLoss.Answer;
import java.util.List;

/// How often a model prefers what was preferred, on pairs it did not learn from. Three ways to prefer are counted, since they answer different
/// questions: which answer is likelier as a whole (what sampling would give, but short answers have it easier), which is likelier for each
/// of its tokens, and which has the larger reward of the loss, for DPO and its like the one that has *become* likelier.
///
/// @param likelier         pairs in which log π(chosen) > log π(rejected), summed over tokens
/// @param likelierPerToken the same of the mean over the tokens
/// @param rewarded         pairs in which the implicit reward of the chosen answer is larger; null before training where it is 0 for all
/// @param margin           mean difference of the implicit rewards; 0 where `rewarded` is null
public record PreferenceScores(Share likelier, Share likelierPerToken, Share rewarded, double margin) {
    /// @param now       log-probabilities of chosen and rejected answers by turns
    /// @param reference the same under the reference model
    static PreferenceScores of(List<Encoded> pairs, double[] now, double[] reference, PreferenceLoss loss, boolean isBefore) {
        int likelier = 0, perToken = 0, rewarded = 0;
        double margin = 0;
        boolean rewards = !isBefore || !loss.needsReference();
        for (int i = 0; i < pairs.size(); i++) {
            Answer chosen = answer(pairs.get(i), 0, now[2 * i], reference[2 * i]), rejected = answer(pairs.get(i), 1, now[2 * i + 1], reference[2 * i + 1]);
            likelier += chosen.logProbability() > rejected.logProbability() ? 1 : 0;
            perToken += chosen.perToken() > rejected.perToken() ? 1 : 0;
            if (rewards) {
                double difference = switch (loss) {
                    case PreferenceLoss.Paired paired -> paired.of(chosen, rejected).margin();
                    case PreferenceLoss.Kto kto -> kto.of(chosen, true, 0).reward() - kto.of(rejected, false, 0).reward();
                };
                rewarded += difference > 0 ? 1 : 0;
                margin += difference / pairs.size();
            }
        }
        int n = pairs.size();
        return new PreferenceScores(Share.of(likelier, n), Share.of(perToken, n), rewards ? Share.of(rewarded, n) : null, margin);
    }

    private static Answer answer(Encoded pair, int which, double now, double reference) {
        return new Answer(now, reference, pair.answers().get(which).trained().cardinality());
    }
}
