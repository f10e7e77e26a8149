package dev.jackdaw.lab.probe;

import dev.jackdaw.model.Model;
import dev.jackdaw.model.token.VisibleText;
import dev.jackdaw.train.report.Markup;
import java.util.ArrayList;
import java.util.List;

/// The tokens of a prompt as a reader wants them named: blanks and controls as something that can be seen.
///
/// @param tokens in order
public record ProbedText(List<Token> tokens) {
    /// @param text what it stands for, visible; `#id` where there is no tokenizer
    public record Token(int id, String text) {
    }

    public static ProbedText of(Model model, int[] ids) {
        List<Token> tokens = new ArrayList<>();
        for (int id : ids) {
            tokens.add(new Token(id, name(model, id)));
        }
        return new ProbedText(List.copyOf(tokens));
    }

    static String name(Model model, int id) {
        return model.hasTokenizer() ? Markup.visible(VisibleText.of(model.tokenizer().decode(id))) : "#" + id;
    }
}
