package dev.jackdaw.serve.feedback;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.ServerSettings.Keep;
import org.junit.jupiter.api.Test;

class PostgresFeedbackTest extends FeedbackContract {
    @Override
    String fresh() {
        return Postgres.freshUrl();
    }

    @Test
    void waitsForTheDisk() {
        assertThat(feedback.database().jdbi().<String, RuntimeException>withHandle(handle -> handle.createQuery("show synchronous_commit").mapTo(String.class).one())).isEqualTo("on");
    }

    /// Two servers behind one address share what they know.
    @Test
    void servesSeveralServers() {
        try (Feedback second = open(new Privacy(Keep.EVERYTHING, 30, false))) {
            Feedback first = feedback;
            give(answer("a", NOON, "", "q", "t"));
            assertThat(second.answers().find("a")).isPresent();
            second.ratings().add(new Rating("r", NOON, "a", second.people().of("ada"), false, null, "better"), second.answers().find("a").orElseThrow());
            assertThat(first.corrections().since(0)).extracting(Correction::good).containsExactly("better");
            try (Feedback third = open(new Privacy(Keep.EVERYTHING, 30, false))) {
                assertThat(third.people().of("ada")).isEqualTo(second.people().of("ada"));
            }
        }
    }
}
