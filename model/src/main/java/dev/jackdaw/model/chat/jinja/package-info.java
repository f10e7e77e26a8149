/// # The template language
/// A small interpreter for the part of Jinja that chat templates use. Read in this order: [Template] (the way in), `Lexer` (source to
/// tokens, blanks around tags), `Parser` and `ExpressionParser` (tokens to [Statement]s and [Expression]s), `Interpreter` (carries them
/// out), [Value] and [Text] (what it computes with), `Operators`, `Methods`, `Filters`, `Tests`, `JsonText`, `PythonText`.
///
/// A template comes with a model file and may be hostile. It reaches nothing but the values it was given, and `Budget` cuts it off when
/// it takes too many steps, writes too much or nests too deep. Not here: what a conversation is (`model.chat`).
package dev.jackdaw.model.chat.jinja;
