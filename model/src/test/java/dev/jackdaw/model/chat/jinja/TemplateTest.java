package dev.jackdaw.model.chat.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TemplateTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static String render(String source, Map<String, ?> variables) {
        return Template.of(source).render(Map.of(), variables).chars();
    }

    /// What the Python library renders, see make.py beside the file.
    @TestFactory
    @SuppressWarnings("unchecked")
    Stream<DynamicTest> agreesWithJinja2() throws Exception {
        JsonNode file = JSON.readTree(Path.of("src/test/resources/reference/jinja/expressions.json"));
        Map<String, Object> data = JSON.convertValue(file.path("data"), Map.class);
        return file.path("cases").valueStream().map(test -> DynamicTest.dynamicTest(test.at("/template").asString(), () -> {
            String source = test.at("/template").asString();
            if (test.has("error")) {
                assertThatThrownBy(() -> render(source, data)).isInstanceOf(TemplateException.class).hasMessageContaining("line 1:");
            } else {
                assertThat(render(source, data)).isEqualTo(test.at("/expected").asString());
            }
        }));
    }

    @Test
    void errorsNameTheirLine() {
        assertThatThrownBy(() -> render("a\n{{ 1 }}\n{{ x.y }}\n", Map.of())).hasMessage("chat template, line 3: 'x' is undefined");
        assertThatThrownBy(() -> render("a\n{% if true %}\n{% for x in y %}\n\n", Map.of())).hasMessageContaining("line 3: {% for %} has no end");
        assertThatThrownBy(() -> render("\n\n{{ 'a' | upperr }}", Map.of())).hasMessage("chat template, line 3: unknown filter upperr");
        assertThatThrownBy(() -> render("\n{% if true %}\n{{ raise_exception('roles ' ~ 'alternate') }}{% endif %}", Map.of()))
                .hasMessage("chat template, line 3: roles alternate");
        assertThatThrownBy(() -> render("{% macro f(x) %}\n{{ x + 1 }}\n{% endmacro %}\n{{ f('a') }}", Map.of())).hasMessageContaining("line 2: cannot compute a text + a whole number");
        assertThatThrownBy(() -> render("{{ [1,\n\n @ ] }}", Map.of())).hasMessageContaining("line 3: unexpected character @");
    }

    @Test
    void datesAreEnglish() {
        Clock clock = Clock.fixed(Instant.parse("2026-03-05T14:07:09Z"), ZoneOffset.UTC);
        assertThat(Template.of("{{ strftime_now('%d %B %Y, %b %a %A %H:%M:%S %I%p %y %j %-d %%') }}", Limits.DEFAULT, clock).render(Map.of(), Map.of()).chars())
                .isEqualTo("05 March 2026, Mar Thu Thursday 14:07:09 02PM 26 064 5 %");
    }

    @Test
    void generationMarksAreTransparent() {
        assertThat(render("a\n{% generation %}\nb{{ 1 }}\n{% endgeneration %}\nc", Map.of())).isEqualTo("a\nb1\nc");
    }

    @Test
    void knowsWhichCharactersCameFromOutside() {
        String source = "<{{ m | trim }}>{{ m[1:3] }}{{ m.split('-')[1] }}{{ 'x' ~ m.upper() }}{{ m | replace('a', 'T') }}{{ [m] | tojson }}{{ m | length }}{{ '%s' % m }}";
        Text text = Template.of(source).render(Map.of("t", "trusted"), Map.of("m", " ab-c\" "));
        StringBuilder outside = new StringBuilder();
        int[] ranges = text.foreignRanges();
        for (int i = 0; i < ranges.length; i += 2) {
            outside.append(text.chars(), ranges[i], ranges[i + 1]).append('|');
        }
        assertThat(text.chars()).isEqualTo("<ab-c\">abc\" x AB-C\"  Tb-c\" [\" ab-c\\\" \"]7 ab-c\" ");
        assertThat(outside.toString()).isEqualTo("ab-c\"|abc\" | AB-C\"  |b-c\" | ab-c\\\" | ab-c\" |");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{% for a in range(100000) %}{% for b in range(100000) %}{{ a * b }}{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% macro f(x) %}{{ f(x + [x]) }}{% endmacro %}{{ f([]) }}",
        "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}{{ ns.s }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(100000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "{% set ns = namespace(l=[1, 2, 3]) %}{% for i in range(100) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{{ 'a' * 10000000000 }}", "{{ [1] * 10000000000 }}", "{{ 'abc' * 9223372036854775807 }}", "{{ 'a'.ljust(99999999999) }}", "{{ '%99999999s' % 'a' }}", "{{ 10 ** 1000000 }}",
        "{% set s = 'ab' * 10000000 %}{% for i in range(100000) %}{{ 'zz' in s }}{{ s.count('ba') }}{{ s.find('zz') }}{{ s | trim | length }}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{{ s | replace('a', s) }}", "{% set s = 'a' * 1000000 %}{{ s | list | tojson | list | tojson | list | length }}",
        "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}", "{% set l = range(100000) | list %}{% for i in l %}{{ l | sort | first }}{{ l == l[:] }}{% endfor %}",
        "{% set a = range(100000) | list %}{% for i in a %}{% set b = a[::-1] %}{% endfor %}"})
    void bombsAreCutOff(String source) {
        org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(Duration.ofSeconds(20),
                () -> assertThatThrownBy(() -> render(source, Map.of())).isInstanceOf(TemplateException.class).hasMessageContaining("line 1"));
    }

    @Test
    void digitsOfOtherScriptsAreNoNumbers() {
        assertThatThrownBy(() -> Template.of("{{ \u0661 }}")).isInstanceOf(TemplateException.class).hasMessageContaining("line 1");
        assertThatThrownBy(() -> Template.of("{{ '{1a}'.format(2) }}").render(java.util.Map.of(), java.util.Map.of())).isInstanceOf(TemplateException.class).hasMessageContaining("{1a}");
    }

    @Test
    void deepSourcesAreRefused() {
        for (String[] part : new String[][] {{"(", ")"}, {"[", "]"}, {"not ", ""}, {"-", ""}, {"{1:", "}"}, {"1 if 1 else ", ""}, {"x(", ")"}, {"x[", "]"}}) {
            assertThatThrownBy(() -> Template.of("{{ " + part[0].repeat(50_000) + "1" + part[1].repeat(50_000) + " }}")).as(part[0]).isInstanceOf(TemplateException.class);
        }
        assertThatThrownBy(() -> Template.of("{% if 1 %}".repeat(50_000))).isInstanceOf(TemplateException.class);
        assertThatThrownBy(() -> render("{{ 1 " + "+ 1 ".repeat(50_000) + "}}", Map.of())).isInstanceOf(TemplateException.class);
        assertThatThrownBy(() -> render("{{ x" + ".a".repeat(50_000) + "}}", Map.of("x", 1))).isInstanceOf(TemplateException.class);
        assertThatThrownBy(() -> render("{{ 'a' " + "| upper ".repeat(50_000) + "}}", Map.of())).isInstanceOf(TemplateException.class);
    }

    @Test
    void nothingOfJavaOrPythonIsReachable() {
        for (String name : new String[] {"__class__", "getClass", "class", "__init__", "__globals__", "mro", "chars"}) {
            assertThat(render("{{ ('a'." + name + ") is defined }}{{ ([1]." + name + ") is defined }}{{ (range." + name + ") is defined }}{{ (5." + name + ") is defined }}", Map.of())
                    .contains("True")).as(name).isFalse();
        }
        assertThatThrownBy(() -> render("{{ x }}", Map.of("x", new Object()))).isInstanceOf(IllegalArgumentException.class);
    }

    /// Mutated templates either render or fail with a line; nothing else, and soon.
    @Test
    void mutatedTemplatesNeverCrash() throws Exception {
        List<String> sources = new ArrayList<>();
        try (Stream<Path> folders = Files.list(Path.of("src/test/resources/reference/chat-templates"))) {
            for (Path folder : folders.sorted().toList()) {
                sources.add(Files.readString(folder.resolve("template.jinja")));
            }
        }
        String[] pieces = {"{{", "}}", "{%", "%}", "-", "'", "\"", "(", ")", "[", "]", "|", ".", "~", " if ", " else ", " for ", " in ", "endfor", "endif", "namespace", "0", "99999999999", "\n", "\\", "{#", "#}",
            "*", "**", " recursive ", "loop", "message", "raw", "\ud800", "é", "%", "is", "not "};
        Map<String, Object> data = Map.of("messages", List.of(Map.of("role", "user", "content", "hi"), Map.of("role", "assistant", "content", "yes")), "add_generation_prompt", true);
        Limits small = new Limits(20_000, 200_000, 100_000, 200);
        int rendered = 0;
        for (int seed = 0; seed < 6000; seed++) {
            Random random = new Random(seed);
            StringBuilder mutated = new StringBuilder(sources.get(random.nextInt(sources.size())));
            for (int k = random.nextInt(4); k >= 0; k--) {
                int at = random.nextInt(mutated.length());
                switch (random.nextInt(3)) {
                    case 0 -> mutated.insert(at, pieces[random.nextInt(pieces.length)]);
                    case 1 -> mutated.delete(at, Math.min(mutated.length(), at + 1 + random.nextInt(12)));
                    default -> mutated.insert(at, mutated.substring(at, Math.min(mutated.length(), at + random.nextInt(60))));
                }
            }
            try {
                Template.of(mutated.toString(), small, Clock.systemUTC()).render(Map.of("bos_token", "<s>", "eos_token", "</s>"), data);
                rendered++;
            } catch (TemplateException e) {
                assertThat(e.line()).isPositive();
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ":\n" + mutated, e);
            }
        }
        assertThat(rendered).isBetween(500, 5900);
    }
}
