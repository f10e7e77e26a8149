package dev.jackdaw.browser;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

class OtherPagesTest extends BrowserTest {
    @Test
    void dreamsAreWrittenAndBranch() {
        visit("/dream");
        page.getByLabel("Temperature").fill("1.2");
        button("Dream").click();
        Locator dream = page.locator(".dream").first();
        assertThat(dream).containsText("Returns the number of elements");
        assertThat(dream).containsText("ended by itself");
        JsonNode sent = server.sent("POST /v1/completions").getFirst();
        assertThat(sent.get("prompt").asString()).isEmpty();
        assertThat(sent.get("temperature").asDouble()).isEqualTo(1.2);
        assertThat(sent.get("model").asString()).isEqualTo("jackdaw-jdk-base");                                // the base model, as it is there
        dream.locator(".tk").nth(8).hover();
        page.locator(".words-box.shown button").first().click();
        assertThat(page.locator(".dream")).hasCount(2);
        assertThat(server.sent("POST /v1/completions").get(1).get("prompt").asString()).startsWith("/**");
    }

    @Test
    void trainingFollowsALiveRunAndCompares() {
        visit("/training");
        assertThat(page.locator(".run")).containsText("240 of 600");
        assertThat(page.locator(".chart canvas")).hasCount(2);
        assertThat(page.locator(".u-legend").first()).containsText("mean");
        assertThat(page.locator(".samples")).containsText("ArrayIterator");
        Object before = page.evaluate("document.querySelector('.chart canvas').toDataURL()");
        server.liveStep(420);
        assertThat(page.locator(".run")).containsText("420 of 600");
        page.waitForCondition(() -> !page.evaluate("document.querySelector('.chart canvas').toDataURL()").equals(before));      // the curve went on
        page.getByLabel("Compare with speedrun-monday").check();
        assertThat(page.locator(".u-legend").first()).containsText("speedrun-monday");
        page.getByLabel("Horizontal axis").selectOption("tokens");
        assertThat(page.locator(".u-legend").first()).containsText("tokens");
        page.locator(".run-name", new Page.LocatorOptions().setHasText("assistant-jdk")).click();
        assertThat(page.locator(".run h2").first()).hasText("assistant-jdk");
    }

    @Test
    void modelsAreListed() {
        visit("/models");
        assertThat(page.locator(".card h2").first()).hasText(PageServer.MODEL);
        assertThat(page.locator(".cards .card")).hasCount(2);
        page.locator(".key input").fill("sk-test");
        button("Keep").click();
        var request = page.waitForRequest("**/jackdaw/models", () -> { });
        assertThat(request.headers().get("authorization")).isEqualTo("Bearer sk-test");
    }

    @Test
    void answersAreFilteredLookedAtAndErased() {
        visit("/monitor");
        assertThat(page.locator(".answer-row")).hasCount(7);
        assertThat(page.locator(".privacy")).containsText("if an automatic check flags the answer");
        page.getByLabel("Any rating").selectOption("down");
        assertThat(page.locator(".answer-row")).hasCount(1);
        page.locator(".answer-row").click();
        assertThat(page.locator("dialog")).containsText("Yes: a String never changes");
        page.keyboard().press("Escape");
        button("Clear").click();
        assertThat(page.locator(".answer-row")).hasCount(7);
        page.getByLabel("Words", new Page.GetByLabelOptions().setExact(true)).fill("haiku");
        assertThat(page.locator(".answer-row")).hasCount(1);
        assertThat(page.locator(".answer-row .mark")).hasText("refusal");
        button("Erase a user").click();
        page.locator("dialog input").fill("browser-7f3a");
        page.locator("dialog").getByText("Erase", new Locator.GetByTextOptions().setExact(true)).click();
        assertThat(page.locator("#say")).hasText("3 records erased");
        assertThat(server.sent("DELETE /jackdaw/users/browser-7f3a")).hasSize(1);
    }

    @Test
    void idealAnswersAreWritten() {
        visit("/label");
        Locator text = page.getByLabel("The ideal answer");
        assertThat(text).hasValue("A class whose state is its components.");
        text.fill("A class for plain values.");
        page.keyboard().press("Control+Enter");
        page.waitForCondition(() -> !server.sent("POST /jackdaw/labels").isEmpty());
        JsonNode sent = server.sent("POST /jackdaw/labels").getFirst();
        assertThat(sent.get("item").asString()).isEqualTo("item-0");
        assertThat(sent.get("text").asString()).isEqualTo("A class for plain values.");
        assertThat(page.locator(".agreement")).containsText("0.71");
    }

    @Test
    void answersAreChosenByKeyboard() {
        visit("/label");
        page.getByText("Choose between answers").click();
        assertThat(page.locator(".candidate")).hasCount(3);
        page.keyboard().press("2");
        assertThat(page.locator(".candidate.chosen")).containsText("Use a record where");
        page.keyboard().press("Control+Enter");
        page.waitForCondition(() -> !server.sent("POST /jackdaw/labels").isEmpty());
        page.waitForCondition(() -> page.locator(".candidate.chosen").count() == 0);
        page.keyboard().press("0");
        page.keyboard().press("Control+Enter");
        page.waitForCondition(() -> server.sent("POST /jackdaw/labels").size() == 2);
        page.waitForCondition(() -> page.locator("[aria-checked=true]").count() == 0);
        page.keyboard().press("Alt+s");
        page.waitForCondition(() -> server.sent("POST /jackdaw/labels").size() == 3);
        assertThat(server.sent("POST /jackdaw/labels").stream().map(each -> each.has("skip") ? "skip" : each.get("choice").asString()).toList()).isEqualTo(List.of("1", "none", "skip"));
        assertThat(page.locator(".empty")).containsText("Nothing left");
    }

    @Test
    void bestPartsAreCombined() {
        visit("/label");
        page.getByText("Combine the best parts").click();
        page.getByText("A record is a class for plain values.").click();
        page.getByLabel("Take paragraph 1 of answer 3").click();
        page.locator("h1").click();
        page.keyboard().press("2");
        page.keyboard().press("c");
        String text = "A record is a class for plain values.\n\nRecords are immutable carriers. They can have methods, and a compact constructor that checks the values.\n\n```java\nrecord Point(int x, int y) {}\n```";
        assertThat(page.getByLabel("Your answer")).hasValue(text);
        button("Undo the last part").click();
        assertThat(page.getByLabel("Your answer")).hasValue(text.substring(0, text.indexOf("\n\n```")));
        page.getByLabel("Your answer").fill("Edited.");
        button("Submit").click();
        page.waitForCondition(() -> !server.sent("POST /jackdaw/labels").isEmpty());
        assertThat(server.sent("POST /jackdaw/labels").getFirst().get("text").asString()).isEqualTo("Edited.");
    }

    @Test
    void pagesAreReachedWithoutLoadingAnew() {
        visit("/");
        page.evaluate("window.stays = 1");
        for (String name : List.of("Dream", "Training", "Models", "Monitor", "Label")) {
            page.locator(".top nav").getByText(name).click();
            assertThat(page.locator("h1").first()).hasText(name);
            assertThat(page).hasURL(server.url() + "/" + name.toLowerCase(java.util.Locale.ROOT));
        }
        page.goBack();
        assertThat(page.locator("h1").first()).hasText("Monitor");
        assertThat(page.evaluate("window.stays")).isEqualTo(1);
    }
}
