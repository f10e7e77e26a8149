package dev.jackdaw.model.chat.jinja;

import java.util.List;

/// What a template consists of: text, `{{ … }}` and blocks.
sealed interface Statement {
    int line();

    record Data(Text text, int line) implements Statement { }

    record Output(Expression value, int line) implements Statement { }

    /// `if`, `elif`, …; the bodies in the order of the conditions, `otherwise` may be empty
    record If(List<Expression> conditions, List<List<Statement>> bodies, List<Statement> otherwise, int line) implements Statement { }

    /// @param filter the condition after `if`, or null
    record For(Target target, Expression items, Expression filter, boolean isRecursive, List<Statement> body, List<Statement> otherwise, int line) implements Statement { }

    record Break(int line) implements Statement { }

    record Continue(int line) implements Statement { }

    record Set(Target target, Expression value, int line) implements Statement { }

    /// @param filter applied to the text, or null
    record SetBlock(Target target, Expression.Filter filter, List<Statement> body, int line) implements Statement { }

    record With(List<Target> targets, List<Expression> values, List<Statement> body, int line) implements Statement { }

    record FilterBlock(Expression.Filter filter, List<Statement> body, int line) implements Statement { }

    record Macro(String name, Parameters parameters, List<Statement> body, int line) implements Statement { }

    /// `{% call(x) macro(…) %}…{% endcall %}`
    record CallBlock(Parameters parameters, Expression.Call call, List<Statement> body, int line) implements Statement { }

    /// `{% generation %}…{% endgeneration %}` around what a model writes itself, so that training knows it; no part of Jinja, but of transformers.
    record Generation(List<Statement> body, int line) implements Statement { }

    /// @param defaults of the last parameters
    record Parameters(List<String> names, List<Expression> defaults) { }

    /// What is assigned to.
    sealed interface Target {
        record Variable(String name) implements Target { }

        record NamespaceField(String namespace, String field) implements Target { }

        record Several(List<Target> targets) implements Target { }
    }
}
