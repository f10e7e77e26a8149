package dev.jackdaw.train.eval;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.agent.sandbox.Language;
import org.junit.jupiter.api.Test;

class CodeTextTest {
    private static final String BEGIN = "import java.util.*;\n\nclass Solution {\n    // a } in a comment\n    int f(int x) {\n";

    @Test
    void aJavaContinuationEndsWithItsClass() {
        String body = "        char c = '}'; String s = \"}}\\\"}\"; /* } */\n        return x;\n    }\n}";
        assertThat(CodeText.solution(Language.JAVA, BEGIN, body + "\n\nclass More { }", null, Format.BASE)).isEqualTo(BEGIN + body + "\n");
        assertThat(CodeText.solution(Language.JAVA, BEGIN, "return x;", null, Format.BASE)).as("never closed").isEqualTo(BEGIN + "return x;");
        assertThat(CodeText.untilClosed("class A { String s = \"\"\"\n }\n\"\"\"; void f() {", " } } }")).isEqualTo(" } }\n");
    }

    @Test
    void aFencedBlockReplacesTheBeginningWhenItIsWhole() {
        String whole = "class Solution {\n    int f(int x) { return List.of(x).get(0); }\n}\n";
        assertThat(CodeText.solution(Language.JAVA, BEGIN, "Here:\n```java\n" + whole + "```\nDone.", "f", Format.CHAT)).isEqualTo("import java.util.*;\n" + whole);
        assertThat(CodeText.solution(Language.JAVA, BEGIN, "```\nreturn x; } }\n```", "f", Format.CHAT)).isEqualTo(BEGIN + "return x; } }\n");
        String python = "def g(x):\n    return x\n";
        assertThat(CodeText.solution(Language.PYTHON, "from typing import List\ndef g(x):\n", "```python\n" + python + "```", "g", Format.CHAT)).isEqualTo("from typing import List\n" + python);
        assertThat(CodeText.solution(Language.PYTHON, "def g(x):\n", "    return x\n", "g", Format.BASE)).isEqualTo(python);
        assertThat(CodeText.block("a\n```\nno end", null)).isEqualTo("no end");
        assertThat(CodeText.block("```\none\n```\n```\ndef two(): 1\n```", "two")).isEqualTo("def two(): 1\n");
    }
}
