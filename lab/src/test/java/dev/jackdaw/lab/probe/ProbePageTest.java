package dev.jackdaw.lab.probe;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ProbePageTest {
    private static final String[] HOSTILE = {"</script><script>alert(1)</script>", "\" onmouseover=\"alert(1)", "<img src=x onerror=alert(1)>", "--></style><b>", "\u202eevil", "&lt;b&gt;", "{{7*7}}"};

    private static ProbedText text() {
        List<ProbedText.Token> tokens = new ArrayList<>();
        for (String text : HOSTILE) {
            tokens.add(new ProbedText.Token(tokens.size(), text));
        }
        return new ProbedText(tokens);
    }

    private static String page(String name) {
        List<LogitLens.Cell> row = new ArrayList<>();
        float[][] weights = new float[HOSTILE.length][HOSTILE.length];
        for (int i = 0; i < HOSTILE.length; i++) {
            row.add(new LogitLens.Cell(List.of(new LogitLens.Guess(i, HOSTILE[i], 0.5)), 0.5, i + 1 < HOSTILE.length ? 0.1 : null, 1, 0));
            weights[i][i] = 1;
        }
        AttentionMaps.Head head = new AttentionMaps.Head(weights, new AttentionMaps.Facts(1.0, 0.0, 0.0, null, 0.0));
        return ProbePage.of(name, new LogitLens(text(), List.of(row, row)), new AttentionMaps(text(), List.of(List.of(head, head))));
    }

    @Test
    void textOfTheModelStaysText() {
        String page = page("<script>alert(2)</script>");
        for (String hostile : HOSTILE) {
            if (hostile.contains("<") || hostile.contains("\"") || hostile.contains("\u202e")) {
                assertThat(page).doesNotContain(hostile);
            }
        }
        assertThat(page).doesNotContain("<script>alert").doesNotContain("<img src=x").doesNotContain("\u202e");
        assertThat(page).contains("&lt;script&gt;alert(1)").contains("\\u003c/script\\u003e");
    }

    /// The policy names exactly the scripts that are there; data is no script.
    @Test
    void onlyItsOwnScriptsMayRun() throws Exception {
        String page = page("model");
        Matcher policy = Pattern.compile("Content-Security-Policy\" content=\"([^\"]*)\"").matcher(page);
        assertThat(policy.find()).isTrue();
        assertThat(policy.group(1)).startsWith("default-src 'none'").contains("img-src data:").doesNotContain("unsafe-eval").doesNotContain("script-src 'unsafe-inline'");
        Matcher scripts = Pattern.compile("<script>(.*?)</script>", Pattern.DOTALL).matcher(page);
        int count = 0;
        while (scripts.find()) {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(scripts.group(1).getBytes(StandardCharsets.UTF_8));
            assertThat(policy.group(1)).contains("'sha256-" + Base64.getEncoder().encodeToString(hash) + "'");
            count++;
        }
        assertThat(count).isEqualTo(2);
        assertThat(Pattern.compile("<script type=\"application/json\"").matcher(page).results().count()).isEqualTo(2);
        assertThat(Pattern.compile("(src|href)=\"(?!data:image/png)").matcher(page).find()).isFalse();
    }

    @Test
    void aPageOfOnePartHasOnlyThat() {
        List<LogitLens.Cell> row = text().tokens().stream().map(t -> new LogitLens.Cell(List.of(new LogitLens.Guess(0, "a", 1)), 1, null, 0, 0)).toList();
        String page = ProbePage.of("m", new LogitLens(text(), List.of(row)), null);
        assertThat(page).contains("Logit lens").doesNotContain("attention-data").doesNotContain("img-src");
    }
}
