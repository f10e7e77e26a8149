package dev.jackdaw.train.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jackdaw.train.loss.PreferenceLoss.Answer;
import dev.jackdaw.train.loss.PreferenceLoss.Dpo;
import dev.jackdaw.train.loss.PreferenceLoss.Ipo;
import dev.jackdaw.train.loss.PreferenceLoss.Kto;
import dev.jackdaw.train.loss.PreferenceLoss.Orpo;
import dev.jackdaw.train.loss.PreferenceLoss.Paired;
import dev.jackdaw.train.loss.PreferenceLoss.Result;
import dev.jackdaw.train.loss.PreferenceLoss.Simpo;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The formulas against TRL and torch (`reference/preference/losses.py`), against the fixture's numbers, and against differences.
class PreferenceLossTest {
    private static final Path FOLDER = Path.of("src/test/resources/reference/preference");
    private static final JsonNode WITNESS = JsonMapper.shared().readTree(FOLDER.resolve("losses.json").toFile());
    private static final JsonNode FIXTURE = JsonMapper.shared().readTree(FOLDER.resolve("preference.json").toFile());

    private static Answer answer(boolean chosen, int i) {
        String which = chosen ? "Chosen" : "Rejected";
        return new Answer(WITNESS.get(chosen ? "chosen" : "rejected").get(i).asDouble(), WITNESS.get("reference" + which).get(i).asDouble(), WITNESS.get("tokens" + which).get(i).asInt());
    }

    private static void assertSame(String name, int i, double loss, double dChosen, double dRejected, JsonNode wanted) {
        assertThat(loss).as("%s, loss of pair %d", name, i).isCloseTo(wanted.get("loss").get(i).asDouble(), within(1e-9 * (1 + Math.abs(loss))));
        assertThat(dChosen).as("%s, dChosen of pair %d", name, i).isCloseTo(wanted.get("dChosen").get(i).asDouble(), within(1e-9 * (1 + Math.abs(dChosen))));
        assertThat(dRejected).as("%s, dRejected of pair %d", name, i).isCloseTo(wanted.get("dRejected").get(i).asDouble(), within(1e-9 * (1 + Math.abs(dRejected))));
    }

    private static void assertLikeWitness(String name, Paired loss) {
        for (int i = 0; i < 8; i++) {
            Result result = loss.of(answer(true, i), answer(false, i));
            assertSame(name, i, result.loss(), result.dChosen(), result.dRejected(), WITNESS.get("losses").get(name));
        }
    }

    @Test
    void pairedLossesAreThoseOfTrl() {
        assertLikeWitness("dpo 0.1 0", new Dpo(0.1, 0));
        assertLikeWitness("dpo 0.5 0.1", new Dpo(0.5, 0.1));
        assertLikeWitness("ipo 0.1 sums", new Ipo(0.1, false));
        assertLikeWitness("ipo 0.1 per token", new Ipo(0.1, true));
        assertLikeWitness("orpo 0.1", new Orpo(0.1));
        assertLikeWitness("orpo 1.0", new Orpo(1));
        assertLikeWitness("simpo 2.0 1.0", new Simpo(2, 1));
    }

    @Test
    void ktoJudgesEachAnswerAgainstTheDivergenceOfTheBatch() {
        Kto kto = new Kto(0.1, 1, 1.3);
        double[] ratios = new double[8];
        for (int i = 0; i < 8; i++) {
            ratios[i] = WITNESS.get("divergenceRatios").get(i).asDouble();
        }
        double z = Kto.divergence(ratios);
        assertThat(z).isPositive();
        assertThat(Kto.divergence(new double[] {-1, -2})).isZero();
        for (int i = 0; i < 8; i++) {
            PreferenceLoss.Single good = kto.of(answer(true, i), true, z), bad = kto.of(answer(false, i), false, z);
            assertSame("kto", i, good.loss() + bad.loss(), good.derivative(), bad.derivative(), WITNESS.get("losses").get("kto 0.1 1.0 1.3"));
            assertThat(good.derivative()).as("a good answer should become likelier").isNegative();
            assertThat(bad.derivative()).isPositive();
        }
    }

    @Test
    void bradleyTerryIsThatOfTorch() {
        for (String centering : List.of("0", "0.01")) {
            BradleyTerry loss = new BradleyTerry(Double.parseDouble(centering));
            for (int i = 0; i < 8; i++) {
                BradleyTerry.Result result = loss.of(answer(true, i).logProbability() / 10, answer(false, i).logProbability() / 10, 0.2 * i);
                assertSame("Bradley-Terry", i, result.loss(), result.dChosen() / 10, result.dRejected() / 10, WITNESS.get("bradleyTerry").get(centering));
            }
        }
        JsonNode model = FIXTURE.get("reward_model");
        double mean = 0;
        for (int i = 0; i < 4; i++) {
            mean += new BradleyTerry(0).of(model.get("chosen_scores").get(i).asDouble(), model.get("rejected_scores").get(i).asDouble(), 0).loss() / 4;
        }
        assertThat(mean).isCloseTo(model.get("loss").asDouble(), within(1e-6));
    }

    @Test
    void theFixturesLossesAndRewards() {
        JsonNode dpo = FIXTURE.get("dpo");
        double plain = 0, smoothed = 0, ipo = 0;
        for (int i = 0; i < 4; i++) {
            Answer chosen = new Answer(dpo.get("policy_chosen_logps").get(i).asDouble(), dpo.get("ref_chosen_logps").get(i).asDouble(), dpo.get("pairs").get(i).get("chosen").size());
            Answer rejected = new Answer(dpo.get("policy_rejected_logps").get(i).asDouble(), dpo.get("ref_rejected_logps").get(i).asDouble(), dpo.get("pairs").get(i).get("rejected").size());
            Result result = new Dpo(0.1, 0).of(chosen, rejected);
            assertThat(result.rewardChosen()).isCloseTo(dpo.get("reward_chosen").get(i).asDouble(), within(1e-6));
            assertThat(result.rewardRejected()).isCloseTo(dpo.get("reward_rejected").get(i).asDouble(), within(1e-6));
            plain += result.loss() / 4;
            smoothed += new Dpo(0.1, 0.1).of(chosen, rejected).loss() / 4;
            ipo += new Ipo(0.1, false).of(chosen, rejected).loss() / 4;
        }
        assertThat(plain).isCloseTo(dpo.get("loss").asDouble(), within(1e-6));
        assertThat(smoothed).isCloseTo(dpo.get("loss_label_smoothing_0.1").asDouble(), within(1e-6));
        assertThat(ipo).isCloseTo(dpo.get("loss_ipo").asDouble(), within(1e-5));
    }

    @Test
    void derivativesAreThoseOfSmallDifferences() {
        List<Paired> losses = List.of(new Dpo(0.3, 0), new Dpo(0.3, 0.2), new Ipo(0.4, false), new Ipo(0.4, true), new Orpo(0.7), new Simpo(1.5, 0.4));
        Random random = new Random(3);
        double step = 1e-5;
        for (int round = 0; round < 200; round++) {
            Answer c = new Answer(-random.nextDouble() * 40 - 0.01, -random.nextDouble() * 40, 1 + random.nextInt(30));
            Answer r = new Answer(-random.nextDouble() * 40 - 0.01, -random.nextDouble() * 40, 1 + random.nextInt(30));
            for (Paired loss : losses) {
                Result at = loss.of(c, r);
                double dc = (loss.of(moved(c, step), r).loss() - loss.of(moved(c, -step), r).loss()) / (2 * step);
                double dr = (loss.of(c, moved(r, step)).loss() - loss.of(c, moved(r, -step)).loss()) / (2 * step);
                assertThat(at.dChosen()).as("%s, round %d", loss, round).isCloseTo(dc, within(1e-4 * (1 + Math.abs(dc))));
                assertThat(at.dRejected()).as("%s, round %d", loss, round).isCloseTo(dr, within(1e-4 * (1 + Math.abs(dr))));
            }
            Kto kto = new Kto(0.2, 1.2, 0.8);
            for (boolean good : new boolean[] {true, false}) {
                double d = (kto.of(moved(c, step), good, 0.3).loss() - kto.of(moved(c, -step), good, 0.3).loss()) / (2 * step);
                assertThat(kto.of(c, good, 0.3).derivative()).isCloseTo(d, within(1e-5));
            }
        }
    }

    private static Answer moved(Answer answer, double by) {
        return new Answer(answer.logProbability() + by, answer.reference(), answer.tokens());
    }

    @Test
    void staysFiniteAtTheEnds() {
        for (double far : new double[] {0, -1e-12, -5, -1e4}) {
            for (Paired loss : List.of(new Dpo(0.1, 0.1), new Ipo(0.1, true), new Orpo(1), new Simpo(2, 1))) {
                for (Result result : List.of(loss.of(new Answer(far, -3, 2), new Answer(-3, far, 2)), loss.of(new Answer(-3, far, 2), new Answer(far, -3, 2)))) {
                    assertThat(result.loss()).isFinite();
                    assertThat(result.dChosen()).isFinite();
                    assertThat(result.dRejected()).isFinite();
                }
            }
        }
    }

    @Test
    void refusesSettingsThatMeanNothing() {
        assertThatThrownBy(() -> new Dpo(0, 0)).hasMessage("preference loss: beta is 0.0; expected a positive number");
        assertThatThrownBy(() -> new Dpo(0.1, 0.5)).hasMessageContaining("label smoothing is 0.5");
        assertThatThrownBy(() -> new Simpo(2, -1)).hasMessageContaining("gamma is -1.0");
        assertThatThrownBy(() -> new Kto(0.1, Double.NaN, 1)).hasMessageContaining("desirable");
        assertThatThrownBy(() -> new BradleyTerry(-1)).hasMessageContaining("centering is -1.0");
        assertThatThrownBy(() -> new Answer(-1, -1, 0)).hasMessageContaining("0 tokens");
    }
}
