package dev.jackdaw.model.chat.jinja;

import dev.jackdaw.model.chat.jinja.Expression.CallArguments;
import dev.jackdaw.model.chat.jinja.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Reads expressions, one method for each level of binding, the loosest first: `if else`, `or`, `and`, `not`, comparisons, `+ -`, `~`,
/// `* / // %`, `**`, unary, then `.field`, `[item]`, `(call)`, `| filter`, `is test`.
class ExpressionParser {
    static final Set<String> RESERVED = Set.of("true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if", "else", "elif");
    private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
    private static final int DEEPEST = 100;

    private final List<Token> tokens;
    private int at;
    private int depth;

    ExpressionParser(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token peek() {
        return tokens.get(at);
    }

    private Token peekAfter() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    Token next() {
        return tokens.get(at < tokens.size() - 1 ? at++ : at);
    }

    Token expect(Kind kind, String what) {
        if (peek().kind() != kind) {
            throw unexpected(what);
        }
        return next();
    }

    void expect(String operator) {
        if (!peek().is(operator)) {
            throw unexpected(operator);
        }
        next();
    }

    TemplateException unexpected(String expected) {
        return new TemplateException(peek().line(), "found " + peek() + ", expected " + expected);
    }

    void enter() {
        if (++depth > DEEPEST) {
            throw new TemplateException(peek().line(), "blocks or brackets nested deeper than " + DEEPEST);
        }
    }

    void leave() {
        depth--;
    }

    /// One expression, or several with commas, which make a tuple.
    Expression tuple(boolean ofOutput) {
        return tuple(ofOutput, false);
    }

    Expression tuple(boolean ofOutput, boolean withoutCondition) {
        int line = peek().line();
        List<Expression> items = new ArrayList<>();
        boolean isTuple = false;
        while (true) {
            if (!items.isEmpty()) {
                if (!peek().is(",")) {
                    break;
                }
                next();
                isTuple = true;
                if (peek().kind() == Kind.BLOCK_END || peek().kind() == Kind.OUTPUT_END || peek().is(")")) {
                    break;
                }
            }
            items.add(withoutCondition ? or() : expression());
        }
        return isTuple ? new Expression.ListOf(items, true, line) : items.getFirst();
    }

    Expression expression() {
        enter();
        int line = peek().line();
        Expression value = or();
        while (peek().isName("if")) {
            next();
            Expression condition = or();
            Expression no = null;
            if (peek().isName("else")) {
                next();
                no = expression();
            }
            value = new Expression.Either(condition, value, no, line);
        }
        leave();
        return value;
    }

    private Expression or() {
        Expression left = and();
        while (peek().isName("or")) {
            int line = next().line();
            left = new Expression.Or(left, and(), line);
        }
        return left;
    }

    private Expression and() {
        Expression left = not();
        while (peek().isName("and")) {
            int line = next().line();
            left = new Expression.And(left, not(), line);
        }
        return left;
    }

    private Expression not() {
        if (!peek().isName("not")) {
            return comparison();
        }
        enter();
        int line = next().line();
        Expression value = new Expression.Not(not(), line);
        leave();
        return value;
    }

    private Expression comparison() {
        Expression first = sum();
        List<String> operators = new ArrayList<>();
        List<Expression> others = new ArrayList<>();
        int line = peek().line();
        while (true) {
            if (peek().kind() == Kind.OPERATOR && COMPARISONS.contains(peek().text()) || peek().isName("in")) {
                operators.add(next().text());
            } else if (peek().isName("not") && peekAfter().isName("in")) {
                next();
                next();
                operators.add("not in");
            } else {
                return operators.isEmpty() ? first : new Expression.Compare(first, operators, others, line);
            }
            others.add(sum());
        }
    }

    private Expression sum() {
        Expression left = joined();
        while (peek().is("+") || peek().is("-")) {
            Token operator = next();
            left = new Expression.Arithmetic(operator.text(), left, joined(), operator.line());
        }
        return left;
    }

    private Expression joined() {
        Expression first = product();
        if (!peek().is("~")) {
            return first;
        }
        List<Expression> parts = new ArrayList<>(List.of(first));
        int line = peek().line();
        while (peek().is("~")) {
            next();
            parts.add(product());
        }
        return new Expression.Join(parts, line);
    }

    private Expression product() {
        Expression left = power();
        while (peek().is("*") || peek().is("/") || peek().is("//") || peek().is("%")) {
            Token operator = next();
            left = new Expression.Arithmetic(operator.text(), left, power(), operator.line());
        }
        return left;
    }

    private Expression power() {
        Expression left = unary(true);
        while (peek().is("**")) {
            Token operator = next();
            left = new Expression.Arithmetic("**", left, unary(true), operator.line());
        }
        return left;
    }

    private Expression unary(boolean withFilters) {
        Expression value;
        if (peek().is("-") || peek().is("+")) {
            enter();
            Token sign = next();
            value = unary(false);
            leave();
            if (sign.text().equals("-")) {
                value = new Expression.Negative(value, sign.line());
            }
        } else {
            value = primary();
        }
        value = postfix(value);
        return withFilters ? filtersAndTests(value) : value;
    }

    private Expression primary() {
        Token token = peek();
        int line = token.line();
        return switch (token.kind()) {
            case NAME -> {
                next();
                yield switch (token.text()) {
                    case "true", "True" -> new Expression.Constant(Value.TRUE, line);
                    case "false", "False" -> new Expression.Constant(Value.FALSE, line);
                    case "none", "None" -> new Expression.Constant(Value.NONE, line);
                    case String word when RESERVED.contains(word) -> throw new TemplateException(line, "found " + word + ", expected a value");
                    default -> new Expression.Name(token.text(), line);
                };
            }
            case STRING -> {
                StringBuilder text = new StringBuilder();
                while (peek().kind() == Kind.STRING) {
                    text.append(next().text());
                }
                yield new Expression.Constant(Text.of(text.toString()), line);
            }
            case INTEGER, FLOAT -> number(next());
            case OPERATOR -> switch (token.text()) {
                case "(" -> parenthesis();
                case "[" -> list();
                case "{" -> map();
                default -> throw unexpected("a value");
            };
            default -> throw unexpected("a value");
        };
    }

    private static Expression number(Token token) {
        try {
            return new Expression.Constant(token.kind() == Kind.FLOAT ? new Value.Real(Double.parseDouble(token.text()))
                    : new Value.Int(Long.parseLong(token.text())), token.line());
        } catch (NumberFormatException e) {
            throw new TemplateException(token.line(), "the number " + token.text() + " does not fit into 64 bits");
        }
    }

    private Expression parenthesis() {
        enter();
        int line = next().line();
        Expression value = peek().is(")") ? new Expression.ListOf(List.of(), true, line) : tuple(false);
        expect(")");
        leave();
        return value;
    }

    private Expression list() {
        enter();
        int line = next().line();
        List<Expression> items = new ArrayList<>();
        while (!peek().is("]")) {
            if (!items.isEmpty()) {
                expect(",");
                if (peek().is("]")) {
                    break;
                }
            }
            items.add(expression());
        }
        next();
        leave();
        return new Expression.ListOf(items, false, line);
    }

    private Expression map() {
        enter();
        int line = next().line();
        List<Expression> keys = new ArrayList<>(), values = new ArrayList<>();
        while (!peek().is("}")) {
            if (!keys.isEmpty()) {
                expect(",");
                if (peek().is("}")) {
                    break;
                }
            }
            keys.add(expression());
            expect(":");
            values.add(expression());
        }
        next();
        leave();
        return new Expression.MapOf(keys, values, line);
    }

    private Expression postfix(Expression start) {
        Expression value = start;
        while (true) {
            Token token = peek();
            if (token.is(".")) {
                next();
                value = switch (peek().kind()) {
                    case NAME -> new Expression.Field(value, next().text(), token.line());
                    case INTEGER -> new Expression.Item(value, number(next()), token.line());
                    default -> throw unexpected("the name of a field");
                };
            } else if (token.is("[")) {
                value = subscript(value);
            } else if (token.is("(")) {
                value = new Expression.Call(value, arguments(), token.line());
            } else {
                return value;
            }
        }
    }

    private Expression subscript(Expression object) {
        enter();
        int line = next().line();
        Expression[] parts = new Expression[3];
        int n = 0;
        boolean isSlice = false;
        while (!peek().is("]")) {
            if (peek().is(":")) {
                next();
                isSlice = true;
                if (++n > 2) {
                    throw new TemplateException(line, "a slice has at most three parts");
                }
            } else if (parts[n] == null) {
                parts[n] = expression();
            } else {
                throw unexpected("]");
            }
        }
        next();
        leave();
        if (isSlice) {
            return new Expression.Slice(object, parts[0], parts[1], parts[2], line);
        }
        if (parts[0] == null) {
            throw new TemplateException(line, "an index is missing between [ and ]");
        }
        return new Expression.Item(object, parts[0], line);
    }

    private Expression filtersAndTests(Expression start) {
        Expression value = start;
        while (true) {
            if (peek().is("|")) {
                value = filters(value, false);
            } else if (peek().isName("is")) {
                value = test(value);
            } else if (peek().is("(")) {
                value = new Expression.Call(value, arguments(), peek().line());
            } else {
                return value;
            }
        }
    }

    /// `| a | b(…)`; with `isFirst` the first one has no bar before it.
    Expression.Filter filters(Expression value, boolean isFirst) {
        Expression.Filter filter = null;
        boolean first = isFirst;
        while (first || peek().is("|")) {
            if (!first) {
                next();
            }
            first = false;
            Token name = expect(Kind.NAME, "the name of a filter");
            CallArguments arguments = peek().is("(") ? arguments() : CallArguments.NONE;
            if (!Filters.exists(name.text())) {
                throw new TemplateException(name.line(), "unknown filter " + name.text());
            }
            filter = new Expression.Filter(filter == null ? value : filter, name.text(), arguments, name.line());
        }
        return filter;
    }

    private Expression test(Expression value) {
        int line = next().line();
        boolean isNegated = peek().isName("not");
        if (isNegated) {
            next();
        }
        Token name = expect(Kind.NAME, "the name of a test");
        if (!Tests.exists(name.text())) {
            throw new TemplateException(name.line(), "unknown test " + name.text());
        }
        CallArguments arguments = CallArguments.NONE;
        Token token = peek();
        if (token.is("(")) {
            arguments = arguments();
        } else if (token.is("[") || token.is("{") || token.kind() == Kind.STRING || token.kind() == Kind.INTEGER || token.kind() == Kind.FLOAT
                || token.kind() == Kind.NAME && !Set.of("else", "or", "and", "if", "is", "in", "not", "recursive").contains(token.text())) {
            arguments = new CallArguments(List.of(postfix(primary())), Map.of(), null, null);
        }
        Expression test = new Expression.Test(value, name.text(), arguments, line);
        return isNegated ? new Expression.Not(test, line) : test;
    }

    private CallArguments arguments() {
        enter();
        expect("(");
        List<Expression> positional = new ArrayList<>();
        Map<String, Expression> named = new LinkedHashMap<>();
        Expression spreadList = null, spreadMap = null;
        boolean first = true;
        while (!peek().is(")")) {
            if (!first) {
                expect(",");
                if (peek().is(")")) {
                    break;
                }
            }
            first = false;
            if (peek().is("*")) {
                next();
                spreadList = expression();
            } else if (peek().is("**")) {
                next();
                spreadMap = expression();
            } else if (peek().kind() == Kind.NAME && peekAfter().is("=")) {
                String name = next().text();
                next();
                named.put(name, expression());
            } else {
                if (!named.isEmpty()) {
                    throw new TemplateException(peek().line(), "an argument without a name follows one with a name");
                }
                positional.add(expression());
            }
        }
        next();
        leave();
        return new CallArguments(positional, named, spreadList, spreadMap);
    }
}
