package dev.jackdaw.train.report;

import dev.jackdaw.train.assistant.AssistantResult;
import java.util.List;

/// What an examination of an assistant found, in words, a table and a picture.
final class AssistantFacts {
    private AssistantFacts() {
    }

    /// How the questions were chosen, and what the model must not do.
    static String introduction(AssistantResult result) {
        AssistantResult.Counts facts = result.facts();
        return "Questions about facts that stood in files which pretraining read from beginning to end (" + Numbers.grouped(facts.readDocuments()) + " of "
                + Numbers.grouped(facts.documents()) + "), while the question itself was kept out of the finetuning set with all others about the same type or method. It learned from "
                + Numbers.grouped(result.conversations()) + " conversations. “Commonest” is the answer that is right most often in the finetuning set, given to the same questions. "
                + "Intervals are Wilson's, for 95%.";
    }

    static String verdict(AssistantResult result) {
        return "Over the four kinds the assistant is " + Numbers.fixed(result.meanMargin(), 1) + " points above the commonest answer on average. Of "
                + Numbers.grouped(result.turns()) + " turns, " + percent(result.wellFormed(), result.turns()) + " were well formed and ended with the token that ends turns; they held "
                + result.foreign() + " tokens of other roles. It said that it does not know for " + percent(result.insideDeclined(), result.inside()) + " of the questions inside its world.";
    }

    static Table table(AssistantResult result) {
        Table table = Table.of("questions", "n", "right", "95% interval", "commonest answer", "it is right for", "points above");
        for (AssistantResult.Group group : result.groups()) {
            boolean isCompared = group.commonest() != null;
            table.row(group.name() + (group.measured() ? "" : " *"), Numbers.grouped(group.n()), share(group.accuracy()), share(group.low()) + " – " + share(group.high()),
                    isCompared ? group.commonest() : "–", isCompared ? share(group.commonestAccuracy()) : "–", isCompared ? Numbers.fixed(group.margin(), 1) : "–");
        }
        return table;
    }

    static final String NOTE = "* not one of the four kinds that count for the mean. Outside questions are right where the assistant says that it does not know, "
            + "calculator questions where it called the calculator and said its result.";

    static Table examples(AssistantResult result) {
        Table table = Table.of("question", "answer", "expected");
        for (AssistantResult.Example example : result.examples()) {
            table.row(example.question(), Markup.shortened(example.answer(), 200) + (example.right() ? "" : " (wrong)"), example.expected());
        }
        return table;
    }

    static RunCharts.Figure picture(AssistantResult result) {
        Bars bars = Bars.of("Questions it was not taught", "percent right");
        for (AssistantResult.Group group : result.groups()) {
            if (group.commonest() != null) {
                bars.bar(group.name() + ", commonest answer", 100 * group.commonestAccuracy(), false);
            }
            bars.bar(group.name(), 100 * group.accuracy(), true);
        }
        return new RunCharts.Figure("assistant", "The assistant beside always giving the commonest answer.", bars.inline(), bars.svg());
    }

    static List<RunCharts.Figure> figures(AssistantResult result) {
        return List.of(picture(result));
    }

    private static String percent(int part, int whole) {
        return whole == 0 ? "–" : share((double) part / whole);
    }

    private static String share(double value) {
        return Numbers.fixed(100 * value, 1) + "%";
    }
}
