package dev.jackdaw.model.chat.jinja;

import dev.jackdaw.model.chat.jinja.Statement.Parameters;
import dev.jackdaw.model.chat.jinja.Statement.Target;
import dev.jackdaw.model.chat.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Reads the blocks of a template; the expressions in them are [ExpressionParser]'s. Follows the Jinja template designer documentation.
final class Parser extends ExpressionParser {
    /// Words of Jinja that reach other files; a template here has none.
    private static final Set<String> REFUSED = Set.of("include", "import", "from", "extends", "block", "do", "autoescape", "trans");

    private int loops;                       // open here
    private boolean marksAnswers;

    private Parser(List<Token> tokens) {
        super(tokens);
    }

    /// @param marksAnswers there is a `{% generation %}` somewhere
    record Parsed(List<Statement> statements, boolean marksAnswers) {
    }

    static Parsed parse(String source) {
        Parser parser = new Parser(Lexer.tokens(source));
        List<Statement> all = parser.until(Set.of(), null, 1);
        return new Parsed(all, parser.marksAnswers);
    }

    /// Statements up to a block whose name is in `ends`; the name is left to be read, `{%` before it is taken.
    private List<Statement> until(Set<String> ends, String opened, int openedAt) {
        enter();
        List<Statement> body = new ArrayList<>();
        while (true) {
            Token token = peek();
            switch (token.kind()) {
                case DATA -> body.add(new Statement.Data(Text.of(next().text()), token.line()));
                case OUTPUT_BEGIN -> {
                    next();
                    body.add(new Statement.Output(tuple(true), token.line()));
                    expect(Kind.OUTPUT_END, "}}");
                }
                case BLOCK_BEGIN -> {
                    next();
                    if (peek().kind() == Kind.NAME && ends.contains(peek().text())) {
                        leave();
                        return body;
                    }
                    body.add(block());
                }
                case END -> {
                    if (opened != null) {
                        throw new TemplateException(openedAt, "{% " + opened + " %} has no end; expected one of " + ends.stream().sorted().toList());
                    }
                    leave();
                    return body;
                }
                default -> throw unexpected("text or a tag");
            }
        }
    }

    private Statement block() {
        Token name = expect(Kind.NAME, "the name of a block");
        int line = name.line();
        return switch (name.text()) {
            case "if" -> conditional(line);
            case "for" -> loop(line);
            case "set" -> set(line);
            case "macro" -> macro(line);
            case "call" -> call(line);
            case "filter" -> {
                Expression.Filter filter = filters(null, true);
                endTag();
                yield new Statement.FilterBlock(filter, body("filter", line), line);
            }
            case "with" -> with(line);
            case "generation" -> {
                endTag();
                marksAnswers = true;
                yield new Statement.Generation(body("generation", line), line);
            }
            case "break", "continue" -> {
                if (loops == 0) {
                    throw new TemplateException(line, "{% " + name.text() + " %} stands in no loop");
                }
                endTag();
                yield name.text().equals("break") ? new Statement.Break(line) : new Statement.Continue(line);
            }
            case String word when REFUSED.contains(word) -> throw new TemplateException(line, "{% " + word + " %} is not available in chat templates");
            case String word when word.startsWith("end") || word.equals("else") || word.equals("elif") ->
                throw new TemplateException(line, "{% " + word + " %} does not belong to an open block");
            default -> throw new TemplateException(line, "unknown block {% " + name.text() + " %}");
        };
    }

    /// The body of a block up to and including `{% endNAME %}`.
    private List<Statement> body(String name, int line) {
        List<Statement> body = until(Set.of("end" + name), name, line);
        endBlock();
        return body;
    }

    /// The rest of a closing tag, whose name is the next token; a repeated name is allowed, as in `{% endmacro show %}`.
    private void endBlock() {
        next();
        if (peek().kind() == Kind.NAME) {
            next();
        }
        endTag();
    }

    private void endTag() {
        expect(Kind.BLOCK_END, "%}");
    }

    private Statement conditional(int line) {
        List<Expression> conditions = new ArrayList<>();
        List<List<Statement>> bodies = new ArrayList<>();
        List<Statement> otherwise = List.of();
        conditions.add(tuple(false));
        endTag();
        while (true) {
            bodies.add(until(Set.of("elif", "else", "endif"), "if", line));
            if (peek().isName("elif")) {
                next();
                conditions.add(tuple(false));
                endTag();
                continue;
            }
            if (peek().isName("else")) {
                next();
                endTag();
                otherwise = until(Set.of("endif"), "if", line);
            }
            endBlock();
            return new Statement.If(conditions, bodies, otherwise, line);
        }
    }

    private Statement loop(int line) {
        Target target = target(true);
        if (!peek().isName("in")) {
            throw unexpected("in");
        }
        next();
        Expression items = tuple(false, true);
        Expression filter = null;
        if (peek().isName("if")) {
            next();
            filter = expression();
        }
        boolean isRecursive = peek().isName("recursive");
        if (isRecursive) {
            next();
        }
        endTag();
        loops++;
        List<Statement> body = until(Set.of("else", "endfor"), "for", line);
        loops--;
        List<Statement> otherwise = List.of();
        if (peek().isName("else")) {
            next();
            endTag();
            otherwise = until(Set.of("endfor"), "for", line);
        }
        endBlock();
        return new Statement.For(target, items, filter, isRecursive, body, otherwise, line);
    }

    private Statement set(int line) {
        Target target = target(false);
        if (peek().is("=")) {
            next();
            Expression value = tuple(false);
            endTag();
            return new Statement.Set(target, value, line);
        }
        Expression.Filter filter = peek().is("|") ? filters(null, false) : null;
        endTag();
        return new Statement.SetBlock(target, filter, body("set", line), line);
    }

    private Statement with(int line) {
        List<Target> targets = new ArrayList<>();
        List<Expression> values = new ArrayList<>();
        while (peek().kind() != Kind.BLOCK_END) {
            if (!targets.isEmpty()) {
                expect(",");
            }
            targets.add(target(false));
            expect("=");
            values.add(expression());
        }
        endTag();
        return new Statement.With(targets, values, body("with", line), line);
    }

    private Statement macro(int line) {
        String name = expect(Kind.NAME, "the name of the macro").text();
        Parameters parameters = parameters();
        endTag();
        int outside = loops;
        loops = 0;                           // a macro cannot end the loop it stands in
        List<Statement> body = body("macro", line);
        loops = outside;
        return new Statement.Macro(name, parameters, body, line);
    }

    private Statement call(int line) {
        Parameters parameters = peek().is("(") ? parameters() : new Parameters(List.of(), List.of());
        if (!(expression() instanceof Expression.Call call)) {
            throw new TemplateException(line, "{% call %} needs a call of a macro");
        }
        endTag();
        return new Statement.CallBlock(parameters, call, body("call", line), line);
    }

    private Parameters parameters() {
        List<String> names = new ArrayList<>();
        List<Expression> defaults = new ArrayList<>();
        expect("(");
        while (!peek().is(")")) {
            if (!names.isEmpty()) {
                expect(",");
            }
            Token name = expect(Kind.NAME, "the name of a parameter");
            names.add(name.text());
            if (peek().is("=")) {
                next();
                defaults.add(expression());
            } else if (!defaults.isEmpty()) {
                throw new TemplateException(name.line(), "parameter " + name.text() + " needs a default, since the one before it has one");
            }
        }
        next();
        return new Parameters(names, defaults);
    }

    /// One name, several with commas, with parentheses around or not; `ns.field` unless it is a loop's.
    private Target target(boolean inLoop) {
        List<Target> targets = new ArrayList<>();
        boolean several = false;
        do {
            if (!targets.isEmpty()) {
                next();
                several = true;
                if (peek().kind() != Kind.NAME && !peek().is("(")) {
                    break;
                }
            }
            targets.add(oneTarget(inLoop));
        } while (peek().is(","));
        return several ? new Target.Several(targets) : targets.getFirst();
    }

    private Target oneTarget(boolean inLoop) {
        if (peek().is("(")) {
            enter();
            next();
            Target inside = target(inLoop);
            expect(")");
            leave();
            return inside;
        }
        Token name = expect(Kind.NAME, "a name to assign to");
        if (RESERVED.contains(name.text())) {
            throw new TemplateException(name.line(), "cannot assign to " + name.text());
        }
        if (!inLoop && peek().is(".")) {
            next();
            return new Target.NamespaceField(name.text(), expect(Kind.NAME, "the field of the namespace").text());
        }
        return new Target.Variable(name.text());
    }
}
