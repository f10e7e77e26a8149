/// # Constrained output
/// A [Grammar] comes from a regular expression (`RegexParser`), a GBNF file (`GbnfParser`) or a JSON Schema (`JsonSchemaCompiler`), all as
/// `Form`s, and from other grammars. `Automaton` turns it into states over bytes, `Configurations` are the places a reader can be in, made when they are needed.
/// [TokenTrie] is the vocabulary as a tree, and [GrammarConstraint] asks at each place which tokens of the tree are allowed.
///
/// It fails closed: what cannot be guaranteed is refused before the first token, and where no token is allowed the text ends with the
/// reason `GRAMMAR`, it never goes on freely.
package dev.jackdaw.model.generate.constrain;
