package dev.jackdaw.browser;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

import static org.assertj.core.api.Assertions.assertThat;

/// The pictures of the page in the documents, made only when asked for:
/// `mvn -pl serve,browser test -Dtest=PageShots -Dsurefire.failIfNoSpecifiedTests=false -DpageShots=../docs/images`
@EnabledIfSystemProperty(named = "pageShots", matches = ".+", disabledReason = "give -DpageShots=FOLDER to take the pictures of the documents")
class PageShots extends BrowserTest {
    private static final int MOST_BYTES = 120_000;

    @Test
    void takesThem() throws IOException {
        chat(1200, 760, ColorScheme.LIGHT, "page-chat");
        chat(1200, 760, ColorScheme.DARK, "page-chat-dark");
        chat(390, 760, ColorScheme.LIGHT, "page-phone");
        words();
        view("/dream", 900, 560, ColorScheme.LIGHT, "page-dream", () -> {
            button("Dream").click();
            page.getByText("ended by itself").waitFor();
            button("Colour words by surprise").click();
        });
        view("/training", 1200, 900, ColorScheme.LIGHT, "page-training", () -> {
            page.getByLabel("Compare with speedrun-monday").check();
            page.locator(".u-legend").getByText("speedrun-monday").first().waitFor();
        });
        view("/models", 900, 460, ColorScheme.DARK, "page-models", () -> page.locator(".card").first().waitFor());
        view("/monitor", 1200, 640, ColorScheme.LIGHT, "page-monitor", () -> page.locator(".answer-row").first().waitFor());
        view("/label", 1200, 860, ColorScheme.LIGHT, "page-label", () -> {
            page.getByText("Combine the best parts").click();
            page.getByText("A record is a class for plain values.").click();
            page.getByLabel("Take paragraph 1 of answer 3").click();
        });
    }

    private void chat(int width, int height, ColorScheme colours, String name) throws IOException {
        server.forget();
        server.replies(Canned.ANSWER);
        view("/", width, height, colours, name, () -> {
            Locator answer = ask("What does java.util.Optional do?");
            answer.locator(".katex").first().waitFor();
            page.locator(".thread").evaluate("box => { box.scrollTop = 0; }");
            page.waitForTimeout(300);
        });
    }

    private void words() throws IOException {
        server.forget();
        server.replies("A **record** is a class for plain values: its components are final, and the compiler writes the constructor, the accessors, `equals`, `hashCode` and `toString`.");
        view("/", 1000, 520, ColorScheme.LIGHT, "page-words", () -> {
            Locator answer = ask("What is a record?");
            button("Colour words by surprise").click();
            answer.locator(".tk").nth(9).hover();
            page.locator(".words-box.shown").waitFor();
            page.waitForTimeout(200);
        });
    }

    private void view(String path, int width, int height, ColorScheme colours, String name, Runnable prepare) throws IOException {
        open(width, height, colours);
        visit(path);
        prepare.run();
        page.waitForTimeout(400);
        byte[] picture = page.screenshot(new Page.ScreenshotOptions());
        assertThat(picture.length).as(name).isLessThan(MOST_BYTES);
        Path folder = Path.of(System.getProperty("pageShots"));
        Files.createDirectories(folder);
        Files.write(folder.resolve(name + ".png"), picture);
    }
}
