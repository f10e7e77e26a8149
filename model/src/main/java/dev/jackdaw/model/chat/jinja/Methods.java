package dev.jackdaw.model.chat.jinja;

import dev.jackdaw.model.chat.jinja.Value.Int;
import dev.jackdaw.model.chat.jinja.Value.Mapping;
import dev.jackdaw.model.chat.jinja.Value.Sequence;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntPredicate;

/// `object.name`: keys of mappings, fields of namespaces, and those methods of Python's texts, lists and mappings that change nothing.
/// There is no way from here to a Java object or to Python's `__class__` and its kin.
final class Methods {
    private Methods() {
    }

    static Value field(Value object, String name, Budget budget) {
        Value.Function.Body method = switch (object) {
            case Text text -> ofText(text, name, budget);
            case Mapping mapping -> ofMapping(mapping, name);
            case Sequence sequence -> ofSequence(sequence, name, budget);
            default -> null;
        };
        if (method != null) {
            return new Value.Function(name, arguments -> {
                try {
                    return method.call(arguments);
                } catch (Problem problem) {
                    throw new Problem(name + ": " + problem.getMessage());
                }
            });
        }
        Value found = switch (object) {
            case Mapping mapping -> mapping.get(name);
            case Value.Namespace namespace -> namespace.fields().get(name);
            case Value.Loop loop -> loop.field(name);
            case Value.Function function when name.equals("name") -> Text.of(function.name());
            case Value.Undefined u -> throw new Problem(u.what());
            default -> null;
        };
        return found != null ? found : new Value.Undefined("a " + Operators.kind(object) + " has no field '" + name + "'");
    }

    private static Value.Function.Body ofMapping(Mapping mapping, String name) {
        return switch (name) {
            case "get" -> arguments -> {
                Value found = mapping.entries().get(Operators.key(arguments.need(0, "key")));
                return found != null ? found : arguments.get(1, "default", Value.NONE);
            };
            case "items" -> _ -> Sequence.of(Operators.pairs(mapping.entries()));
            case "keys" -> _ -> Sequence.of(new ArrayList<>(mapping.entries().keySet()));
            case "values" -> _ -> Sequence.of(new ArrayList<>(mapping.entries().values()));
            case "copy" -> _ -> mapping;
            case "pop", "popitem", "update", "setdefault", "clear" -> _ -> {
                throw new Problem("a mapping cannot be changed by a template");
            };
            default -> null;
        };
    }

    private static Value.Function.Body ofSequence(Sequence sequence, String name, Budget budget) {
        return switch (name) {
            case "index" -> arguments -> {
                budget.scan(sequence.weight());
                for (int i = 0; i < sequence.items().size(); i++) {
                    if (Operators.same(sequence.items().get(i), arguments.need(0, "item"))) {
                        return new Int(i);
                    }
                }
                throw new Problem("the item is not in the list");
            };
            case "count" -> arguments -> {
                budget.scan(sequence.weight());
                return new Int(sequence.items().stream().filter(item -> Operators.same(item, arguments.need(0, "item"))).count());
            };
            case "copy" -> _ -> sequence;
            case "append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse" -> _ -> {
                throw new Problem("a list cannot be changed by a template; use a namespace and +");
            };
            default -> null;
        };
    }

    private static Value.Function.Body ofText(Text text, String name, Budget budget) {
        String s = text.chars();
        return switch (name) {
            case "upper" -> _ -> text.withChars(made(s.toUpperCase(Locale.ROOT), budget));
            case "lower", "casefold" -> _ -> text.withChars(made(s.toLowerCase(Locale.ROOT), budget));
            case "capitalize" -> _ -> TextOperations.capitalize(text, budget);
            case "title" -> _ -> TextOperations.title(text, false, budget);
            case "swapcase" -> _ -> text.withChars(made(s.codePoints().map(c -> Character.isUpperCase(c) ? Character.toLowerCase(c) : Character.toUpperCase(c))
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append).toString(), budget));
            case "strip" -> arguments -> TextOperations.strip(text, arguments.text(0, "chars", null), true, true, budget);
            case "lstrip" -> arguments -> TextOperations.strip(text, arguments.text(0, "chars", null), true, false, budget);
            case "rstrip" -> arguments -> TextOperations.strip(text, arguments.text(0, "chars", null), false, true, budget);
            case "split" -> arguments -> TextOperations.split(text, arguments.text(0, "sep", null), arguments.whole(1, "maxsplit", -1), budget);
            case "rsplit" -> arguments -> TextOperations.rsplit(text, arguments.text(0, "sep", null), arguments.whole(1, "maxsplit", -1), budget);
            case "splitlines" -> arguments -> TextOperations.lines(text, arguments.flag(0, "keepends", false), budget);
            case "partition" -> arguments -> TextOperations.partition(text, arguments.text(0, "sep"), false, budget);
            case "rpartition" -> arguments -> TextOperations.partition(text, arguments.text(0, "sep"), true, budget);
            case "replace" -> arguments -> TextOperations.replace(text, arguments.text(0, "old"), arguments.text(1, "new"), arguments.whole(2, "count", -1), budget);
            case "join" -> arguments -> TextOperations.join(text, Operators.items(arguments.need(0, "items"), budget), true, budget);
            case "startswith" -> arguments -> affix(arguments, s, true, budget);
            case "endswith" -> arguments -> affix(arguments, s, false, budget);
            case "removeprefix" -> arguments -> s.startsWith(arguments.text(0, "prefix").chars()) ? text.substring(arguments.text(0, "prefix").chars().length()) : text;
            case "removesuffix" -> arguments -> s.endsWith(arguments.text(0, "suffix").chars())
                    ? text.substring(0, s.length() - arguments.text(0, "suffix").chars().length()) : text;
            case "find" -> arguments -> find(text, s.indexOf(arguments.text(0, "sub").chars()), false, budget);
            case "rfind" -> arguments -> find(text, s.lastIndexOf(arguments.text(0, "sub").chars()), false, budget);
            case "index" -> arguments -> find(text, s.indexOf(arguments.text(0, "sub").chars()), true, budget);
            case "rindex" -> arguments -> find(text, s.lastIndexOf(arguments.text(0, "sub").chars()), true, budget);
            case "count" -> arguments -> new Int(TextOperations.count(text, arguments.text(0, "sub"), budget));
            case "format" -> arguments -> TextOperations.format(text, arguments, budget);
            case "zfill" -> arguments -> TextOperations.pad(text, arguments.whole(0, "width", 0), '0', s.startsWith("-") || s.startsWith("+") ? 1 : 0, 1, budget);
            case "ljust" -> arguments -> TextOperations.pad(text, arguments.whole(0, "width", 0), ' ', 0, 0, budget);
            case "rjust" -> arguments -> TextOperations.pad(text, arguments.whole(0, "width", 0), ' ', 0, 1, budget);
            case "center" -> arguments -> TextOperations.pad(text, arguments.whole(0, "width", 0), ' ', 0, 0.5, budget);
            case "isdigit", "isdecimal", "isnumeric" -> _ -> all(text, Character::isDigit, budget);
            case "isalpha" -> _ -> all(text, Character::isLetter, budget);
            case "isalnum" -> _ -> all(text, Character::isLetterOrDigit, budget);
            case "isspace" -> _ -> all(text, c -> c < 0x10000 && PythonText.isSpace((char) c), budget);
            case "isupper" -> _ -> Value.bool(s.equals(s.toUpperCase(Locale.ROOT)) && !s.equals(s.toLowerCase(Locale.ROOT)));
            case "islower" -> _ -> Value.bool(s.equals(s.toLowerCase(Locale.ROOT)) && !s.equals(s.toUpperCase(Locale.ROOT)));
            default -> null;
        };
    }

    private static String made(String text, Budget budget) {
        budget.produce(text.length());
        return text;
    }

    private static Value all(Text text, IntPredicate test, Budget budget) {
        budget.scan(text.chars().length());
        return Value.bool(!text.isEmpty() && text.chars().codePoints().allMatch(test));
    }

    private static Value affix(Arguments arguments, String s, boolean atStart, Budget budget) {
        Value given = arguments.need(0, "prefix");
        List<Value> options = given instanceof Sequence several ? several.items() : List.of(given);
        for (Value option : options) {
            String affix = Operators.text(option, "prefix").chars();
            budget.scan(affix.length());
            if (atStart ? s.startsWith(affix) : s.endsWith(affix)) {
                return Value.TRUE;
            }
        }
        return Value.FALSE;
    }

    private static Value find(Text text, int at, boolean mustBe, Budget budget) {
        budget.scan(text.chars().length());
        if (at < 0 && mustBe) {
            throw new Problem("the part is not in the text");
        }
        return new Int(at < 0 ? -1 : text.chars().codePointCount(0, at));
    }
}
