package dev.jackdaw.model.chat.jinja;

import dev.jackdaw.model.chat.jinja.Expression.CallArguments;
import dev.jackdaw.model.chat.jinja.Statement.Target;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Carries out the statements of one rendering. Every call of [#run] and [#evaluate] costs a step, so nothing runs for ever.
final class Interpreter {
    private enum Flow { NEXT, BREAK, CONTINUE }

    /// Variables of a block; loops, macros and captured blocks open a new one, conditions do not.
    private static final class Scope {
        final Scope outer;
        final Map<String, Value> variables = new HashMap<>();

        Scope(Scope outer) {
            this.outer = outer;
        }

        Value find(String name) {
            for (Scope scope = this; scope != null; scope = scope.outer) {
                Value value = scope.variables.get(name);
                if (value != null) {
                    return value;
                }
            }
            return null;
        }
    }

    final Budget budget;
    private final boolean isStrict;
    private int line = 1;
    private TextBuilder whole;
    private final List<Integer> answers = new ArrayList<>();
    private boolean hidesAnswers;

    /// @param isStrict writing something undefined is an error
    Interpreter(Budget budget, boolean isStrict) {
        this.budget = budget;
        this.isStrict = isStrict;
    }

    Text render(List<Statement> template, Map<String, Value> globals) {
        TextBuilder out = new TextBuilder(budget);
        whole = out;
        Scope scope = new Scope(null);
        scope.variables.putAll(globals);
        try {
            run(template, new Scope(scope), out);
        } catch (Problem problem) {
            throw new TemplateException(line, problem.getMessage());
        } catch (StackOverflowError e) {
            throw new TemplateException(line, "nested too deep for the stack of this thread");
        }
        return out.text();
    }

    /// What `{% generation %}` blocks wrote: from, to, from, to, …; null if one of them wrote where its place is not known.
    int[] answers() {
        return hidesAnswers ? null : answers.stream().mapToInt(Integer::intValue).toArray();
    }

    private Flow run(List<Statement> body, Scope scope, TextBuilder out) {
        for (Statement statement : body) {
            Flow flow = run(statement, scope, out);
            if (flow != Flow.NEXT) {
                return flow;
            }
        }
        return Flow.NEXT;
    }

    private Flow run(Statement statement, Scope scope, TextBuilder out) {
        line = statement.line();
        budget.step();
        budget.enter();
        Flow flow = switch (statement) {
            case Statement.Data data -> {
                out.append(data.text());
                yield Flow.NEXT;
            }
            case Statement.Output output -> {
                Value value = evaluate(output.value(), scope);
                if (isStrict && value instanceof Value.Undefined u) {
                    throw new Problem(u.what());
                }
                out.append(PythonText.str(value, budget));
                yield Flow.NEXT;
            }
            case Statement.If conditional -> {
                List<Statement> chosen = conditional.otherwise();
                for (int i = 0; i < conditional.conditions().size(); i++) {
                    if (Operators.truth(evaluate(conditional.conditions().get(i), scope))) {
                        chosen = conditional.bodies().get(i);
                        break;
                    }
                }
                yield run(chosen, scope, out);
            }
            case Statement.For loop -> {
                loop(loop, Operators.items(evaluate(loop.items(), scope), budget), scope, out, 1);
                yield Flow.NEXT;
            }
            case Statement.Break _ -> Flow.BREAK;
            case Statement.Continue _ -> Flow.CONTINUE;
            case Statement.Set set -> {
                assign(set.target(), evaluate(set.value(), scope), scope);
                yield Flow.NEXT;
            }
            case Statement.SetBlock set -> {
                Value text = capture(set.body(), new Scope(scope));
                assign(set.target(), set.filter() == null ? text : filtered(set.filter(), text, scope), scope);
                yield Flow.NEXT;
            }
            case Statement.With with -> {
                Scope inner = new Scope(scope);
                for (int i = 0; i < with.targets().size(); i++) {
                    assign(with.targets().get(i), evaluate(with.values().get(i), scope), inner);
                }
                yield run(with.body(), inner, out);
            }
            case Statement.FilterBlock block -> {
                out.append(PythonText.str(filtered(block.filter(), capture(block.body(), new Scope(scope)), scope), budget));
                yield Flow.NEXT;
            }
            case Statement.Macro macro -> {
                scope.variables.put(macro.name(), macro(macro.name(), macro.parameters(), macro.body(), scope));
                yield Flow.NEXT;
            }
            case Statement.CallBlock call -> {
                Map<String, Value> named = new LinkedHashMap<>();
                named.put("caller", macro("caller", call.parameters(), call.body(), scope));
                out.append(PythonText.str(call(call.call(), scope, named), budget));
                yield Flow.NEXT;
            }
            case Statement.Generation generation -> {
                int from = out.length();
                Flow inside = run(generation.body(), scope, out);
                hidesAnswers |= out != whole;                // in a macro or a captured block, whose place in the text is not known yet
                answers.add(from);
                answers.add(out.length());
                yield inside;
            }
        };
        budget.leave();
        return flow;
    }

    private Text capture(List<Statement> body, Scope scope) {
        TextBuilder inside = new TextBuilder(budget);
        run(body, scope, inside);
        return inside.text();
    }

    private void loop(Statement.For loop, List<Value> all, Scope scope, TextBuilder out, int depth) {
        List<Value> items = all;
        if (loop.filter() != null) {
            items = new ArrayList<>();
            for (Value item : all) {
                budget.step();
                Scope inner = new Scope(scope);
                assign(loop.target(), item, inner);
                if (Operators.truth(evaluate(loop.filter(), inner))) {
                    items.add(item);
                }
            }
        }
        if (items.isEmpty()) {
            run(loop.otherwise(), new Scope(scope), out);
            return;
        }
        Value.Loop state = new Value.Loop(items, depth, !loop.isRecursive() ? null : arguments -> {
            TextBuilder inside = new TextBuilder(budget);
            budget.enter();
            loop(loop, Operators.items(arguments.need(0, "items"), budget), scope, inside, depth + 1);
            budget.leave();
            return inside.text();
        });
        for (int i = 0; i < items.size(); i++) {
            budget.step();
            state.index = i;
            Scope inner = new Scope(scope);
            inner.variables.put("loop", state);
            assign(loop.target(), items.get(i), inner);
            if (run(loop.body(), inner, out) == Flow.BREAK) {
                break;
            }
        }
    }

    private void assign(Target target, Value value, Scope scope) {
        switch (target) {
            case Target.Variable variable -> scope.variables.put(variable.name(), value);
            case Target.NamespaceField field -> {
                if (!(scope.find(field.namespace()) instanceof Value.Namespace namespace)) {
                    throw new Problem("cannot set " + field.namespace() + "." + field.field() + ": " + field.namespace() + " is not a namespace");
                }
                namespace.fields().put(field.field(), value);
            }
            case Target.Several several -> {
                List<Value> parts = Operators.items(value, budget);
                if (parts.size() != several.targets().size()) {
                    throw new Problem("cannot assign " + parts.size() + " values to " + several.targets().size() + " names");
                }
                for (int i = 0; i < parts.size(); i++) {
                    assign(several.targets().get(i), parts.get(i), scope);
                }
            }
        }
    }

    /// A macro sees the variables of the place where it is defined.
    private Value.Function macro(String name, Statement.Parameters parameters, List<Statement> body, Scope scope) {
        return new Value.Function(name, arguments -> {
            Scope inner = new Scope(scope);
            List<String> names = parameters.names();
            int firstDefault = names.size() - parameters.defaults().size();
            for (int i = 0; i < names.size(); i++) {
                Value value = arguments.get(i, names.get(i), null);
                inner.variables.put(names.get(i), value != null ? value : i >= firstDefault ? evaluate(parameters.defaults().get(i - firstDefault), inner)
                        : new Value.Undefined("parameter " + names.get(i) + " was not given"));
            }
            List<Value> more = arguments.count() > names.size() ? arguments.positional().subList(names.size(), arguments.count()) : List.of();
            Map<Value, Value> others = new LinkedHashMap<>();
            arguments.named().forEach((key, value) -> {
                if (key.equals("caller")) {
                    inner.variables.put(key, value);
                } else if (!names.contains(key)) {
                    others.put(Text.of(key), value);
                }
            });
            inner.variables.put("varargs", Value.Sequence.of(more, true));
            inner.variables.put("kwargs", Value.Mapping.of(others));
            int calledAt = line;
            Text text = capture(body, inner);
            line = calledAt;
            return text;
        });
    }

    private Value filtered(Expression.Filter filter, Value start, Scope scope) {
        Value value = filter.value() instanceof Expression.Filter before ? filtered(before, start, scope) : start;
        line = filter.line();
        return Filters.apply(filter.name(), value, arguments(filter.arguments(), scope, Map.of()), this);
    }

    Value evaluate(Expression expression, Scope scope) {
        line = expression.line();
        budget.step();
        budget.enter();
        Value value = switch (expression) {
            case Expression.Constant constant -> constant.value();
            case Expression.Name name -> {
                Value found = scope.find(name.name());
                yield found != null ? found : new Value.Undefined("'" + name.name() + "' is undefined");
            }
            case Expression.ListOf list -> {
                List<Value> items = new ArrayList<>();
                for (Expression item : list.items()) {
                    items.add(evaluate(item, scope));
                }
                yield Value.Sequence.of(items, list.isTuple());
            }
            case Expression.MapOf map -> {
                Map<Value, Value> entries = new LinkedHashMap<>();
                for (int i = 0; i < map.keys().size(); i++) {
                    entries.put(Operators.key(evaluate(map.keys().get(i), scope)), evaluate(map.values().get(i), scope));
                }
                yield Value.Mapping.of(entries);
            }
            case Expression.Field field -> {
                Value object = evaluate(field.object(), scope);
                line = field.line();
                yield Methods.field(object, field.name(), budget);
            }
            case Expression.Item item -> {
                Value object = evaluate(item.object(), scope), index = evaluate(item.index(), scope);
                line = item.line();
                Value found = object instanceof Value.Namespace || object instanceof Value.Loop ? new Value.Undefined("a " + Operators.kind(object) + " has no elements")
                        : Operators.item(object, index);
                yield found instanceof Value.Undefined && index instanceof Text name ? Methods.field(object, name.chars(), budget) : found;
            }
            case Expression.Slice slice -> {
                Value object = evaluate(slice.object(), scope);
                yield Operators.slice(object, part(slice.from(), scope), part(slice.to(), scope), part(slice.step(), scope), budget);
            }
            case Expression.Call call -> call(call, scope, Map.of());
            case Expression.Filter filter -> {
                Value input = evaluate(filter.value(), scope);
                Arguments arguments = arguments(filter.arguments(), scope, Map.of());
                line = filter.line();
                yield Filters.apply(filter.name(), input, arguments, this);
            }
            case Expression.Test test -> {
                Value input = evaluate(test.value(), scope);
                Arguments arguments = arguments(test.arguments(), scope, Map.of());
                line = test.line();
                yield Value.bool(Tests.check(test.name(), input, arguments, budget));
            }
            case Expression.Not not -> Value.bool(!Operators.truth(evaluate(not.value(), scope)));
            case Expression.Negative negative -> switch (evaluate(negative.value(), scope)) {
                case Value.Real x -> new Value.Real(-x.x());
                case Value number -> new Value.Int(Math.negateExact(Math.max(Operators.whole(number, "-"), Long.MIN_VALUE + 1)));
            };
            case Expression.And and -> {
                Value left = evaluate(and.left(), scope);
                yield Operators.truth(left) ? evaluate(and.right(), scope) : left;
            }
            case Expression.Or or -> {
                Value left = evaluate(or.left(), scope);
                yield Operators.truth(left) ? left : evaluate(or.right(), scope);
            }
            case Expression.Arithmetic arithmetic -> {
                Value left = evaluate(arithmetic.left(), scope), right = evaluate(arithmetic.right(), scope);
                line = arithmetic.line();
                yield Operators.arithmetic(arithmetic.operator(), left, right, budget);
            }
            case Expression.Join join -> {
                TextBuilder out = new TextBuilder(budget);
                for (Expression part : join.parts()) {
                    out.append(PythonText.str(evaluate(part, scope), budget));
                }
                yield out.text();
            }
            case Expression.Compare compare -> compare(compare, scope);
            case Expression.Either either -> Operators.truth(evaluate(either.condition(), scope)) ? evaluate(either.yes(), scope)
                    : either.no() == null ? new Value.Undefined("the condition is false and there is no else") : evaluate(either.no(), scope);
        };
        budget.leave();
        return value;
    }

    private Value part(Expression expression, Scope scope) {
        return expression == null ? Value.NONE : evaluate(expression, scope);
    }

    private Value compare(Expression.Compare compare, Scope scope) {
        Value left = evaluate(compare.first(), scope);
        for (int i = 0; i < compare.operators().size(); i++) {
            Value right = evaluate(compare.others().get(i), scope);
            line = compare.line();
            if (!holds(compare.operators().get(i), left, right)) {
                return Value.FALSE;
            }
            left = right;
        }
        return Value.TRUE;
    }

    boolean holds(String operator, Value left, Value right) {
        if (!(left instanceof Value.Int)) {
            budget.scan(Math.min(Value.size(left), 100_000));
        }
        return switch (operator) {
            case "==" -> Operators.same(left, right);
            case "!=" -> !Operators.same(left, right);
            case "<" -> Operators.compare(left, right) < 0;
            case "<=" -> Operators.compare(left, right) <= 0;
            case ">" -> Operators.compare(left, right) > 0;
            case ">=" -> Operators.compare(left, right) >= 0;
            case "in" -> Operators.contains(right, left, budget);
            case "not in" -> !Operators.contains(right, left, budget);
            default -> throw new Problem("unknown comparison " + operator);
        };
    }

    private Value call(Expression.Call call, Scope scope, Map<String, Value> more) {
        Value function = evaluate(call.function(), scope);
        Arguments arguments = arguments(call.arguments(), scope, more);
        line = call.line();
        return switch (function) {
            case Value.Function f -> f.body().call(arguments);
            case Value.Loop loop when loop.recursion != null -> loop.recursion.call(arguments);
            case Value.Undefined u -> throw new Problem("cannot call: " + u.what());
            default -> throw new Problem("a " + Operators.kind(function) + " cannot be called");
        };
    }

    private Arguments arguments(CallArguments given, Scope scope, Map<String, Value> more) {
        if (given == CallArguments.NONE && more.isEmpty()) {
            return Arguments.NONE;
        }
        List<Value> positional = new ArrayList<>();
        for (Expression argument : given.positional()) {
            positional.add(evaluate(argument, scope));
        }
        Map<String, Value> named = new LinkedHashMap<>();
        given.named().forEach((name, argument) -> named.put(name, evaluate(argument, scope)));
        if (given.spreadList() != null) {
            positional.addAll(Operators.items(evaluate(given.spreadList(), scope), budget));
        }
        if (given.spreadMap() != null) {
            Operators.mapping(evaluate(given.spreadMap(), scope), "**").entries()
                    .forEach((key, value) -> named.put(Operators.text(key, "the name of an argument").chars(), value));
        }
        named.putAll(more);
        return new Arguments(positional, named);
    }
}
