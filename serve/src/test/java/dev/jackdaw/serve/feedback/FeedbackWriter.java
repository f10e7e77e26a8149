package dev.jackdaw.serve.feedback;

import dev.jackdaw.serve.ServerSettings.Keep;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.List;
import java.util.Map;

/// A process that writes feedback from several threads and acknowledges each on its standard output, until it is killed.
final class FeedbackWriter {
    private FeedbackWriter() {
    }

    public static void main(String[] arguments) {
        Feedback feedback = Feedback.open(arguments[0], Feedback.Parts.of(new Privacy(Keep.EVERYTHING, 0, true), (_, _, _) -> List.of(), new PrometheusRegistry()));
        for (int i = 0; i < 4; i++) {
            Thread.ofVirtual().start(() -> {
                while (true) {
                    String id = Columns.newId("rating");
                    Answer answer = new Answer("a-" + id, 1, "tiny", "", List.of(Map.of("role", "user", "content", "q")), Map.of("role", "assistant", "content", "t".repeat(2000)), "",
                            Answer.Cost.UNKNOWN, Map.of());
                    feedback.ratings().add(new Rating(id, 1, answer.id(), "", false, null, "better"), answer);
                    feedback.recorder().answered(new Answer("b-" + id, 1, "tiny", "", answer.messages(), answer.message(), "", Answer.Cost.UNKNOWN, Map.of()));
                    synchronized (FeedbackWriter.class) {
                        System.out.println(id);
                        System.out.flush();
                    }
                }
            });
        }
        while (true) {
            try {
                Thread.sleep(1000);
            } catch (InterruptedException _) {
                return;
            }
        }
    }
}
