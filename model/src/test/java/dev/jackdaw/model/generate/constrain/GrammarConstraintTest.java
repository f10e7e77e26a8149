package dev.jackdaw.model.generate.constrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.model.token.Tokenizers;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A "model" that chooses at random among the allowed tokens must always write what the grammar says.
class GrammarConstraintTest {
    private static final JsonMapper JSON = JsonMapper.builder().enable(tools.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(tools.jackson.core.StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
    private static final java.util.BitSet CLOSING = new java.util.BitSet();       // tokens that end strings, lists and objects
    private static Tokenizer tokenizer;
    private static TokenTrie trie;

    @BeforeAll
    static void open() throws Exception {
        tokenizer = Tokenizers.read(Path.of("src/test/resources/reference/tokenizers/bpe-llama3"));
        trie = TokenTrie.of(tokenizer);
        for (int id = 0; id < tokenizer.vocabularySize(); id++) {
            CLOSING.set(id, tokenizer.decode(id).matches("[\"}\\]]+[,\"}\\]]*|\\)|;"));
        }
    }

    /// A random text, or null if it did not end; the masks are compared with their definition on the way.
    private static String walk(GrammarConstraint constraint, long seed) {
        Random random = new Random(seed);
        List<Integer> ids = new ArrayList<>();
        for (int step = 0; step < 1000; step++) {
            float[] logits = new float[tokenizer.vocabularySize()];
            constraint.mask(logits);
            List<Integer> allowed = new ArrayList<>();
            for (int id = 0; id < logits.length; id++) {
                boolean is = logits[id] == 0;
                if (step < 12 && seed < 3 && is != constraint.allows(id)) {
                    throw new AssertionError("seed " + seed + ", step " + step + ", token " + tokenizer.piece(id) + " after " + text(ids) + ": mask says " + is);
                }
                if (is) {
                    allowed.add(id);
                }
            }
            if (constraint.mayEnd() && (allowed.isEmpty() || random.nextInt(step < 60 ? 8 : 2) == 0)) {
                return text(ids);
            }
            if (allowed.isEmpty()) {
                throw new AssertionError("seed " + seed + ": a dead end after " + text(ids));
            }
            int chosen = allowed.get(random.nextInt(allowed.size()));
            if (step > 60) {                             // hurry home
                chosen = allowed.stream().filter(CLOSING::get).findAny().orElse(chosen);
            }
            constraint.accept(chosen);
            ids.add(chosen);
        }
        return null;
    }

    private static String text(List<Integer> ids) {
        return tokenizer.decode(ids.stream().mapToInt(Integer::intValue).toArray());
    }

    @ParameterizedTest
    @ValueSource(strings = {"[a-z]+@[a-z]{2,5}\\.(com|org)", "\\d{3}-\\d{4}", "(yes|no|maybe)( (yes|no))*", "[^a-z\\s]{1,20}", ".{0,12}x", "\\w+(?:\\s\\w+){0,3}[.!?]", "a|b|", "(a?b*){3}c", "\\p{Lu}\\p{Ll}{1,8}",
        "[\\u4e00-\\u9fff😀é-ö]{1,6}", "(?<year>[12]\\d{3})", "^ab$|^c+$", "[\\[\\]\\-]{2}", "\\\\\\.\\*", "\"[^\"]*\"", "é{2}|[🀀-🿿]+"})
    void textsMatchTheRegularExpression(String regex) {
        GrammarConstraint constraint = new GrammarConstraint(Grammar.ofRegex(regex), trie);
        int ended = 0;
        for (int seed = 0; seed < 20; seed++) {
            String text = walk(constraint.fresh(), seed);
            if (text != null) {
                ended++;
                assertThat(Pattern.compile(regex).matcher(text).matches()).as("seed %d: %s", seed, text).isTrue();
            }
        }
        assertThat(ended).isGreaterThan(14);
    }

    private static Arguments schema(String schema, Predicate<JsonNode> accepts) {
        return Arguments.of(schema, accepts);
    }

    static Stream<Arguments> schemas() {
        return Stream.of(
            schema("{}", n -> true),
            schema("{\"type\": \"object\", \"properties\": {\"name\": {\"type\": \"string\"}, \"age\": {\"type\": \"integer\", \"minimum\": 0, \"maximum\": 130}, \"tags\": {\"type\": \"array\", \"items\": {\"type\": \"string\", \"maxLength\": 4}, \"maxItems\": 3}}, \"required\": [\"name\", \"age\"]}",
                n -> n.path("name").isString() && n.path("age").isInt() && n.path("age").asInt() >= 0 && n.path("age").asInt() <= 130 && n.size() <= 3
                    && n.path("tags").size() <= 3 && n.path("tags").valueStream().allMatch(t -> t.isString() && t.stringValue().codePointCount(0, t.stringValue().length()) <= 4)),
            schema("{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"null\"}, \"ab\": {\"type\": \"boolean\"}, \"b\\\"\": {\"const\": 1}}, \"additionalProperties\": {\"type\": \"integer\"}}",
                n -> n.properties().stream().allMatch(e -> switch (e.getKey()) {
                    case "a" -> e.getValue().isNull();
                    case "ab" -> e.getValue().isBoolean();
                    case "b\"" -> e.getValue().equals(JSON.readTree("1"));
                    default -> e.getValue().isIntegralNumber();
                })),
            schema("{\"type\": \"array\", \"prefixItems\": [{\"type\": \"integer\"}, {\"type\": \"string\"}], \"items\": {\"type\": \"boolean\"}, \"minItems\": 1, \"maxItems\": 4}",
                n -> n.isArray() && n.size() >= 1 && n.size() <= 4 && n.get(0).isIntegralNumber() && (n.size() < 2 || n.get(1).isString()) && (n.size() < 3 || n.get(2).isBoolean())),
            schema("{\"type\": \"array\", \"prefixItems\": [{\"type\": \"integer\"}, {\"type\": \"string\"}, {\"const\": 3}], \"items\": false, \"minItems\": 2}", n -> n.size() == 2 || n.size() == 3),
            schema("{\"type\": \"array\", \"items\": {\"type\": \"integer\"}, \"minItems\": 3}", n -> n.size() >= 3),
            schema("{\"type\": \"array\", \"items\": {\"type\": \"integer\"}, \"maxItems\": 0}", n -> n.isArray() && n.isEmpty()),
            schema("{\"enum\": [\"red\", 1, null, {\"a\": [1]}, \"\\u0001\\\"\"]}", n -> JSON.readTree("[\"red\", 1, null, {\"a\": [1]}, \"\\u0001\\\"\"]").valueStream().anyMatch(n::equals)),
            schema("{\"anyOf\": [{\"type\": \"integer\", \"minimum\": -37, \"maximum\": 1205}, {\"type\": [\"boolean\", \"null\"]}]}",
                n -> n.isBoolean() || n.isNull() || n.isInt() && n.asInt() >= -37 && n.asInt() <= 1205),
            schema("{\"type\": \"number\", \"minimum\": -2, \"maximum\": 3.7}", n -> n.isNumber() && n.asDouble() >= -2 && n.asDouble() <= 3.7),
            schema("{\"type\": \"number\", \"exclusiveMinimum\": 0, \"maximum\": 100}", n -> n.isNumber() && n.asDouble() > 0 && n.asDouble() <= 100),
            schema("{\"type\": \"number\"}", JsonNode::isNumber),
            schema("{\"type\": \"integer\", \"minimum\": -9007199254740991, \"maximum\": 9007199254740991}", n -> n.isIntegralNumber() && Math.abs(n.asLong()) <= 9007199254740991L),
            schema("{\"type\": \"integer\", \"minimum\": 9007199254740993, \"exclusiveMaximum\": 9007199254740995}", n -> n.asLong() == 9007199254740993L || n.asLong() == 9007199254740994L),
            schema("{\"type\": \"integer\", \"format\": \"int64\", \"minimum\": -9223372036854775808, \"maximum\": 9223372036854775807, \"x-order\": 1}", JsonNode::isIntegralNumber),
            schema("{\"type\": \"number\", \"format\": \"double\", \"minimum\": 0, \"maximum\": 1.7976931348623157e308}", n -> n.isNumber() && n.asDouble() >= 0),
            schema("{\"type\": \"number\", \"minimum\": 1e17}", n -> n.asDouble() >= 1e17),
            schema("{\"type\": \"object\", \"propertyNames\": {\"type\": \"string\"}, \"additionalProperties\": {\"type\": \"boolean\"}}", n -> n.valueStream().allMatch(JsonNode::isBoolean)),
            schema("{\"type\": \"integer\", \"exclusiveMaximum\": -99}", n -> n.isIntegralNumber() && n.asLong() < -99),
            schema("{\"type\": \"string\", \"pattern\": \"^[a-c\\\\n\\\"]{2,4}$\"}", n -> n.stringValue().matches("[a-c\n\"]{2,4}")),
            schema("{\"type\": \"string\", \"pattern\": \"\\\\d\"}", n -> Pattern.compile("\\d").matcher(n.stringValue()).find()),
            schema("{\"type\": \"string\", \"minLength\": 3, \"maxLength\": 5}", n -> n.stringValue().codePointCount(0, n.stringValue().length()) >= 3 && n.stringValue().codePointCount(0, n.stringValue().length()) <= 5),
            schema("{\"type\": \"string\", \"format\": \"date\"}", n -> LocalDate.parse(n.stringValue()) != null),
            schema("{\"type\": \"string\", \"format\": \"date-time\"}", n -> OffsetDateTime.parse(n.stringValue()) != null),
            schema("{\"type\": \"string\", \"format\": \"uuid\"}", n -> UUID.fromString(n.stringValue()).toString().equals(n.stringValue())),
            schema("{\"$ref\": \"#/$defs/node\", \"$defs\": {\"node\": {\"type\": \"object\", \"properties\": {\"value\": {\"type\": \"integer\"}, \"next\": {\"anyOf\": [{\"$ref\": \"#/$defs/node\"}, {\"type\": \"null\"}]}}, \"required\": [\"value\", \"next\"]}}}",
                n -> { JsonNode at = n; while (!at.isNull()) { if (!at.path("value").isIntegralNumber()) { return false; } at = at.path("next"); } return true; }),
            schema("{\"allOf\": [{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"integer\"}}, \"required\": [\"a\"]}, {\"properties\": {\"b\": {\"type\": \"boolean\"}}, \"required\": [\"b\"]}]}",
                n -> n.path("a").isIntegralNumber() && n.path("b").isBoolean()),
            schema("{\"oneOf\": [{\"type\": \"object\", \"properties\": {\"kind\": {\"const\": \"a\"}, \"x\": {\"type\": \"integer\"}}, \"required\": [\"kind\"]}, {\"type\": \"object\", \"properties\": {\"kind\": {\"const\": \"b\"}}, \"required\": [\"kind\"]}]}",
                n -> n.path("kind").stringValue().equals("a") || n.path("kind").stringValue().equals("b") && n.size() == 1),
            schema("{\"type\": \"object\", \"required\": [\"z\"]}", n -> n.has("z")));
    }

    @ParameterizedTest
    @MethodSource("schemas")
    void textsAreWhatTheSchemaAccepts(String schema, Predicate<JsonNode> accepts) {
        GrammarConstraint constraint = new GrammarConstraint(Grammar.ofJsonSchema(schema), trie);
        int ended = 0;
        for (int seed = 0; seed < 20; seed++) {
            String text = walk(constraint.fresh(), seed);
            if (text != null) {
                ended++;
                assertThat(accepts.test(JSON.readTree(text))).as("seed %d: %s", seed, text).isTrue();
            }
        }
        assertThat(ended).isGreaterThan(9);
    }

    @Test
    void gbnf() {
        String source = """
            # a little calculator
            root ::= expr ("\\n" expr){0,2}   # comment
            expr  ::= term (op term)*
            term ::= num | "(" expr ")"
              | "-" term
            op    ::= [-+*/]
            num ::= [0-9]{1,3} ("." [0-9]+)? unit?
            unit ::= " kg" | ' "m"' | "\\u00b0" | [^\\x00-\\x7f]
            """;
        GrammarConstraint constraint = new GrammarConstraint(Grammar.ofGbnf(source), trie);
        Pattern flat = Pattern.compile("[-+*/0-9.() kg\"m\n[^\\x00-\\x7f]]+");
        int ended = 0;
        for (int seed = 0; seed < 30; seed++) {
            String text = walk(constraint.fresh(), seed);
            if (text != null) {
                ended++;
                assertThat(flat.matcher(text).matches()).as(text).isTrue();
                assertThat(text.chars().filter(c -> c == '(').count()).isEqualTo(text.chars().filter(c -> c == ')').count());
            }
        }
        assertThat(ended).isGreaterThan(20);
        assertThat(Grammar.ofGbnf("root = 'a' b ;\nb = 'c' | 'd' ;").rules()).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"root ::= root \"a\"", "root ::= a\na ::= b?  a \"x\"\nb ::= \"c\"", "root ::= a b\na ::= \"\"\nb ::= a root", "root ::= \"x\" root", "root ::= missing", "a ::= \"b\"", "root ::= \"open", "root ::= [a",
        "root ::= (\"a\"", "root ::= \"a\"{3,1}", "root ::= \"a\"{99999999}", "root ::= ((\"a\"{9999}){9999}){9999}", "root ::= \"\\q\"", "root ::= [z-a]", "root ::= \"a\" )", "root ::= \"a\"\nroot ::= \"b\"", "%%", "root", ""})
    void badGrammarsAreRefused(String source) {
        assertThatThrownBy(() -> new GrammarConstraint(Grammar.ofGbnf(source), trie)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("grammar");
    }

    @ParameterizedTest
    @ValueSource(strings = {"(?=a)b", "(a)\\1", "a**b(", "[a", "a{2,1}", "(?i)a", "\\bfoo", "a++", "x{99999}", "a^b", "\\q", "[z-a]", ")"})
    void badRegularExpressionsAreRefused(String regex) {
        assertThatThrownBy(() -> Grammar.ofRegex(regex)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("regular expression, position");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"not\": {}} not", "{\"type\": \"integer\", \"multipleOf\": 3} multipleOf", "{\"type\": \"array\", \"uniqueItems\": true} uniqueItems", "{\"type\": \"object\", \"patternProperties\": {}} patternProperties",
        "{\"type\": \"string\", \"format\": \"nosuch\"} nosuch", "{\"$ref\": \"http://x\"} http", "{\"$ref\": \"#/nowhere\"} nowhere", "{\"$ref\": \"#\"} left-recursive", "{\"type\": \"wrong\"} wrong", "{\"if\": {}} if", "[1] object",
        "{\"type\": \"string\", \"minLength\": 5, \"maxLength\": 2} minLength", "{\"type\": \"integer\", \"minimum\": 1e18} digits",
        "{\"type\": \"object\", \"propertyNames\": {\"maxLength\": 3}} propertyNames", "{\"type\": \"string\", \"maxLength\": 99999999} maxLength", "{\"type\": \"integer\", \"minimum\": 3, \"maximum\": 2} bounds", "{ line",
        "{\"oneOf\": [{\"type\": \"string\"}, {\"type\": \"string\"}]} oneOf", "{\"properties\": {\"a\": {\"contains\": 1}}} #/properties/a", "{\"type\": \"object\", \"minProperties\": 1} minProperties", "false false",
        "{\"type\": \"object\", \"properties\": {\"a\": {\"$ref\": \"#\"}}, \"required\": [\"a\"]} never"})
    void unsupportedSchemasAreRefusedByName(String schemaAndWord) {
        int cut = schemaAndWord.lastIndexOf(' ');
        assertThatThrownBy(() -> new GrammarConstraint(Grammar.ofJsonSchema(schemaAndWord.substring(0, cut)), trie)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(schemaAndWord.substring(cut + 1));
    }

    @Test
    void bombsAreCutOff() {
        String deep = "{\"type\":\"array\",\"items\":".repeat(400) + "{}" + "}".repeat(400);
        assertThatThrownBy(() -> Grammar.ofJsonSchema(deep)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Grammar.ofRegex("(".repeat(100_000))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Grammar.ofGbnf("root ::= " + "(".repeat(100_000))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new GrammarConstraint(Grammar.ofRegex("((a{1000}){1000}){1000}"), trie)).hasMessageContaining("more than");
        StringBuilder many = new StringBuilder("{\"$defs\":{");
        for (int i = 0; i < 60; i++) {
            many.append("\"d").append(i).append("\":{\"anyOf\":[{\"$ref\":\"#/$defs/d").append(i + 1).append("\"},{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/d").append(i + 1).append("\"}}]},");
        }
        GrammarConstraint wide = new GrammarConstraint(Grammar.ofJsonSchema(many + "\"d60\":{\"type\":\"null\"}},\"$ref\":\"#/$defs/d0\"}"), trie);
        assertThatThrownBy(() -> walk(wide, 1)).hasMessageContaining("too ambiguous");
        GrammarConstraint nested = new GrammarConstraint(Grammar.ofGbnf("root ::= \"(\" root \")\" | \"x\""), trie);
        for (int i = 0; i < 20_000; i++) {
            nested.accept(tokenizer.encode("(")[0]);
        }
        assertThat(nested.allows(tokenizer.encode("x")[0])).isTrue();
    }

    /// A vocabulary as large as those of published models. A token of an 8B model takes over 100 ms on the machines we aim at, so a mask
    /// may cost 5 ms; the mean over a JSON text must stay far below.
    @Test
    void masksAreCheapOverALargeVocabulary() {
        Random random = new Random(1);
        byte[][] vocabulary = new byte[151_000][];
        String letters = "eeeettaaoinshrdlucmfywgpbvkxqjz0123456789 .,:;-_/(){}[]<>\"'\\\n\tABCDEFGHIJKLMNOPQRSTUVWXYZ";
        for (int id = 0; id < vocabulary.length; id++) {
            StringBuilder token = new StringBuilder(id % 3 == 0 ? " " : "");
            for (int n = id < 256 ? 0 : 1 + random.nextInt(9); n > 0; n--) {
                token.append(letters.charAt(random.nextInt(letters.length())));
            }
            vocabulary[id] = id < 256 ? new byte[] {(byte) id} : token.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
        }
        TokenTrie large = TokenTrie.of(vocabulary, _ -> -1);
        String schema = "{\"type\":\"array\",\"minItems\":5,\"items\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\"},\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":30}},"
            + "\"nested\":{}},\"required\":[\"name\",\"age\",\"tags\",\"nested\"]}}";
        String text = "[" + String.join(", ", java.util.Collections.nCopies(6, "{\"name\": \"Ada Lovelace\", \"age\": 36, \"tags\": [\"mathematics\", \"poetry\"], \"nested\": {\"a\": [1, {\"b\": null}]}}")) + "]";
        long first = 0, second = 0;
        GrammarConstraint constraint = new GrammarConstraint(Grammar.ofJsonSchema(schema), large);
        float[] logits = new float[vocabulary.length];
        for (int round = 0; round < 2; round++) {
            GrammarConstraint walk = constraint.fresh();
            long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
            for (byte b : text.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
                walk.mask(logits);
                walk.accept(b & 255);
            }
            first = round == 0 ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start : first;
            second = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start;
            assertThat(walk.mayEnd()).isTrue();
        }
        System.out.printf(java.util.Locale.ROOT, "masks over 151,000 tokens: %.2f ms for each token the first time, %.2f ms later%n", first / 1e6 / text.length(), second / 1e6 / text.length());
        assertThat(first / 1e6 / text.length()).isLessThan(5);
        assertThat(second / 1e6 / text.length()).isLessThan(1);
    }

    @Test
    void mutatedSourcesNeverCrash() {
        String[] grammars = {"root ::= expr (\"\\n\" expr){0,2}\nexpr ::= [a-z]+ | \"(\" expr \")\"\n", "root ::= \"a\"* b?\nb ::= . [^x]\n"};
        String[] regexes = {"[a-z]+@[a-z]{2,5}\\.(com|org)", "(?:\\d{3}-)?\\w+\\p{L}*|[^a\\]]"};
        String[] schemas = schemas().map(a -> (String) a.get()[0]).toArray(String[]::new);
        String pieces = "()[]{}|*+?\\\"'^$.,:-01aroot=\n#/ x";
        for (int seed = 0; seed < 3000; seed++) {
            Random random = new Random(seed);
            int kind = random.nextInt(3);
            String[] from = kind == 0 ? grammars : kind == 1 ? regexes : schemas;
            StringBuilder source = new StringBuilder(from[random.nextInt(from.length)]);
            for (int k = random.nextInt(4); k >= 0; k--) {
                int at = random.nextInt(source.length());
                if (random.nextBoolean()) {
                    source.insert(at, pieces.charAt(random.nextInt(pieces.length())));
                } else {
                    source.delete(at, at + 1 + random.nextInt(3));
                }
                source.append(source.isEmpty() ? "x" : "");
            }
            try {
                Grammar grammar = kind == 0 ? Grammar.ofGbnf(source.toString()) : kind == 1 ? Grammar.ofRegex(source.toString()) : Grammar.ofJsonSchema(source.toString());
                new GrammarConstraint(grammar, trie).allowed();
            } catch (IllegalArgumentException e) {
                assertThat(e.getMessage()).isNotBlank();
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ":\n" + source, e);
            }
        }
    }

    /// Repetitions of repetitions are one, and what they match stays the same.
    @Test
    void repeatedRepetitionsAreOne() {
        Form a = Form.chars('a', 'a');
        assertThat(Form.repeat(Form.repeat(a, 1, -1), 1, -1)).isEqualTo(new Form.Repeat(a, 1, -1));
        assertThat(Form.repeat(new Form.Sequence(List.of(Form.repeat(a, 0, -1))), 1, -1)).isEqualTo(new Form.Repeat(a, 0, -1));
        assertThat(Form.repeat(Form.repeat(a, 0, 1), 0, -1)).isEqualTo(new Form.Repeat(a, 0, -1));
        assertThat(Form.repeat(Form.repeat(a, 1, 3), 2, 4)).isEqualTo(new Form.Repeat(a, 2, 12));
        assertThat(Form.repeat(Form.repeat(a, 1, -1), 0, 0)).isEqualTo(new Form.Repeat(a, 0, 0));
        assertThat(Form.repeat(Form.repeat(a, 0, 0), 0, -1)).isEqualTo(new Form.Repeat(a, 0, 0));
        assertThat(Form.repeat(Form.repeat(a, 2, 3), 0, 2)).as("0, 2, 3, 4, 5, 6").isInstanceOf(Form.Repeat.class).extracting("form").isInstanceOf(Form.Repeat.class);
        for (String hostile : List.of("\"a\"*++++++++++++++++++++++++++++++", "((((((((((\"a\"+)+)+)+)+)+)+)+)+)+)+", "(\"a\"{0,9}){0,9}", "(\"a\"?)*")) {
            String grammar = "root ::= " + hostile + " \"b\"";
            assertThat(walk(new GrammarConstraint(Grammar.ofGbnf(grammar), trie), 1)).as(hostile).matches("a*b");
        }
    }

    /// Special tokens are reached by name only, and only where the grammar has them; without such a token its name is written.
    @Test
    void grammarsArePutTogetherAndReadTokensByName() {
        int tag = tokenizer.id("<|python_tag|>").orElseThrow(), end = tokenizer.id("<|eom_id|>").orElseThrow();
        Grammar number = Grammar.ofJsonSchema("{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 30}"), word = Grammar.ofGbnf("root ::= one\none ::= [a-c]{2}");
        Grammar grammar = Grammar.sequence(Grammar.ofText("say "), Grammar.choice(List.of(Grammar.sequence(Grammar.ofToken("<|python_tag|>"), number), word)).repeated(1, 3), Grammar.ofToken("<|nothing|>"),
                Grammar.ofToken("<|eom_id|>"));
        GrammarConstraint constraint = new GrammarConstraint(grammar, trie);
        int ended = 0, tagged = 0;
        for (int seed = 0; seed < 30; seed++) {
            String text = walk(constraint.fresh(), seed);
            ended += text == null ? 0 : 1;
            tagged += text != null && text.contains("<|python_tag|>") ? 1 : 0;
            assertThat(text == null ? "say aa<|nothing|><|eom_id|>" : text).matches("say (<\\|python_tag\\|>([12]?\\d|30)|[a-c]{2}){1,3}<\\|nothing\\|><\\|eom_id\\|>");
        }
        assertThat(ended).isGreaterThan(25);
        assertThat(tagged).isPositive();
        GrammarConstraint text = constraint.fresh();
        assertThat(text.allows(tag)).isFalse();
        for (int id : tokenizer.encode("say ")) {
            text.accept(id);
        }
        assertThat(text.allows(tag)).isTrue();
        assertThat(text.allows(end)).isFalse();
        assertThat(text.allows(tokenizer.encode("<")[0])).as("its name as text").isFalse();
        GrammarConstraint free = new GrammarConstraint(Grammar.ofRegex("[^a]*"), trie);
        assertThat(free.allows(tag)).as("text has no special tokens").isFalse();
        assertThat(free.allows(tokenizer.encode("<")[0])).isTrue();
    }

    @Test
    void readingsWithoutNumberAreCutOff() {
        String grammar = "root ::= x x x x x x x x\nx ::= (\"a\"? | \"a\" \"a\"? | (\"a\"? \"b\"?)+ | y)*\ny ::= (\"a\" | \"aa\" | x \"c\")?\n";
        long start = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        try {
            walk(new GrammarConstraint(Grammar.ofGbnf(grammar), trie), 1);
        } catch (IllegalArgumentException e) {
            assertThat(e).hasMessageStartingWith("grammar:");
        }
        assertThat((ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - start) / 1e9).isLessThan(20);
    }

    /// Copies of a repeated form share what is known of one; near the borders, and for every token, the masks must still be what they are.
    @ParameterizedTest
    @ValueSource(strings = {"[a-z]{60,90}X", "([A-Z][a-z]{0,3} ){30,50}[0-9]", "(ab|c){70}(d{2}){40}", "((x[yz]{20,40}){20}-)?[a-z ]{0,70}\\."})
    void masksOfLongRepetitionsAreExact(String regex) {
        GrammarConstraint constraint = new GrammarConstraint(Grammar.ofRegex(regex), trie);
        Random random = new Random(7);
        for (int step = 0; step < 150; step++) {
            float[] logits = new float[tokenizer.vocabularySize()];
            constraint.mask(logits);
            List<Integer> allowed = new ArrayList<>();
            for (int id = 0; id < logits.length; id++) {
                assertThat(logits[id] == 0).as("%s, step %d, token %s", regex, step, tokenizer.piece(id)).isEqualTo(constraint.allows(id));
                if (logits[id] == 0) {
                    allowed.add(id);
                }
            }
            if (allowed.isEmpty()) {
                assertThat(constraint.mayEnd()).isTrue();
                return;
            }
            constraint.accept(allowed.get(random.nextInt(allowed.size())));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"type\":\"object\"}", "{\"type\":\"object\",\"properties\":{\"größe\":{\"type\":\"number\"},\"day\":{\"type\":\"string\",\"format\":\"date\"}}}"})
    void bytesOfOneKindReadAlikeAndKindsAreFew(String schema) {
        Automaton automaton = new Automaton(Grammar.ofJsonSchema(schema), _ -> -1);
        assertThat(automaton.kinds()).isLessThan(80);
        for (int b = 1; b < 256; b++) {
            assertThat(automaton.kind(b)).isBetween(automaton.kind(b - 1), automaton.kinds() - 1);
            if (automaton.kind(b) == automaton.kind(b - 1)) {
                for (Automaton.State state : automaton.states) {
                    for (int i = 0; i < state.bytes.length; i += 3) {
                        assertThat(state.bytes[i] <= b && b <= state.bytes[i + 1]).isEqualTo(state.bytes[i] <= b - 1 && b - 1 <= state.bytes[i + 1]);
                    }
                }
            }
        }
    }

    @Test
    void masksTakeAsMuchMemoryAsTheyAllowTokens() {
        String schema = "{\"type\":\"object\",\"properties\":{\"first name\":{\"type\":\"string\"},\"family name\":{\"type\":\"string\"},\"born\":{\"type\":\"string\",\"format\":\"date\"},"
                + "\"colour\":{\"enum\":[\"red\",\"green\",\"blue\",\"purple\"]}},\"required\":[\"first name\",\"family name\",\"born\",\"colour\"]}";
        GrammarConstraint constraint = new GrammarConstraint(Grammar.ofJsonSchema(schema), trie);
        for (int seed = 10; seed < 30; seed++) {
            walk(constraint.fresh(), seed);
        }
        assertThat(constraint.maskCount()).isGreaterThan(100);
        assertThat(constraint.maskBytes()).as("of %d masks", constraint.maskCount()).isLessThan(constraint.maskCount() * tokenizer.vocabularySize() / 8 / 3);
    }

    @Test
    void fewAndManyTokensMaskAlike() {
        Random random = new Random(3);
        for (int vocabulary : new int[] {1, 63, 64, 65, 1000}) {
            for (int count : new int[] {0, 1, 5, vocabulary / 2, vocabulary}) {
                long[] bits = new long[(vocabulary + 63) >>> 6];
                for (int i = 0; i < count; i++) {
                    int id = random.nextInt(vocabulary);
                    bits[id >>> 6] |= 1L << id;
                }
                int[] ids = java.util.BitSet.valueOf(bits).stream().toArray();
                for (int length : new int[] {vocabulary, vocabulary + 70, Math.max(1, vocabulary - 3)}) {
                    float[] few = new float[length], many = new float[length], chosen = new float[length];
                    new TokenSet.Few(ids).mask(few);
                    new TokenSet.Many(bits).mask(many);
                    TokenSet.of(bits).mask(chosen);
                    assertThat(few).isEqualTo(many).isEqualTo(chosen);
                    for (int id = 0; id < length; id++) {
                        assertThat(few[id] == 0).isEqualTo(id < vocabulary && (bits[id >>> 6] >>> id & 1) == 1);
                    }
                }
                long[] back = new long[bits.length];
                new TokenSet.Few(ids).addTo(back);
                assertThat(back).isEqualTo(bits);
            }
        }
    }
}
