package dev.jackdaw.model.chat.jinja;

import java.util.List;
import java.util.Map;

/// What stands inside `{{ … }}` and in the conditions of blocks.
sealed interface Expression {
    int line();

    record Constant(Value value, int line) implements Expression { }

    record Name(String name, int line) implements Expression { }

    record ListOf(List<Expression> items, boolean isTuple, int line) implements Expression { }

    record MapOf(List<Expression> keys, List<Expression> values, int line) implements Expression { }

    /// `object.name`
    record Field(Expression object, String name, int line) implements Expression { }

    /// `object[index]`
    record Item(Expression object, Expression index, int line) implements Expression { }

    /// `object[from:to:step]`; a part that is not there is null
    record Slice(Expression object, Expression from, Expression to, Expression step, int line) implements Expression { }

    record Call(Expression function, CallArguments arguments, int line) implements Expression { }

    /// `value | name(…)`; `value` is null in `{% filter name %}`
    record Filter(Expression value, String name, CallArguments arguments, int line) implements Expression { }

    /// `value is name(…)`
    record Test(Expression value, String name, CallArguments arguments, int line) implements Expression { }

    record Not(Expression value, int line) implements Expression { }

    record Negative(Expression value, int line) implements Expression { }

    record And(Expression left, Expression right, int line) implements Expression { }

    record Or(Expression left, Expression right, int line) implements Expression { }

    /// `+ - * / // % **`
    record Arithmetic(String operator, Expression left, Expression right, int line) implements Expression { }

    /// `a ~ b ~ …`
    record Join(List<Expression> parts, int line) implements Expression { }

    /// `a < b <= c`, also `==`, `in`, `not in`
    record Compare(Expression first, List<String> operators, List<Expression> others, int line) implements Expression { }

    /// `yes if condition else no`; `no` may be null
    record Either(Expression condition, Expression yes, Expression no, int line) implements Expression { }

    /// @param positional `*list` and `**map` are in `spreadList` and `spreadMap`, or null
    record CallArguments(List<Expression> positional, Map<String, Expression> named, Expression spreadList, Expression spreadMap) {
        static final CallArguments NONE = new CallArguments(List.of(), Map.of(), null, null);
    }
}
