package dev.jackdaw.browser;

import com.microsoft.playwright.Download;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.FilePayload;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

class ChatPageTest extends BrowserTest {
    @Test
    void answerGrowsAndIsFormatted() {
        visit("/");
        server.pauseMillis(15);
        server.replies(Canned.ANSWER);
        page.getByLabel("Message", new Page.GetByLabelOptions().setExact(true)).fill("What does Optional do?");
        page.keyboard().press("Enter");
        assertThat(page.locator(".message.assistant[aria-busy=true] .answer")).containsText("container");       // while it is being written
        finished(answers().first());
        Locator answer = answers().first();
        assertThat(answer.locator("table th").first()).hasText("Method");
        assertThat(answer.locator("pre code .hljs-string").first()).hasText("\"J\"");
        assertThat(answer.locator(".math.block .katex").first()).isVisible();
        assertThat(answer.locator(".math .katex-error")).hasCount(0);
        answer.getByText("Copy", new Locator.GetByTextOptions().setExact(true)).click();
        assertThat((String) page.evaluate("navigator.clipboard.readText()")).startsWith("Optional<String> first = names.stream()\n        .filter");
        JsonNode sent = server.sent("POST /v1/chat/completions").getFirst();
        assertThat(sent.get("stream").asBoolean()).isTrue();
        assertThat(sent.get("top_logprobs").asInt()).isEqualTo(8);
        assertThat(sent.get("messages").get(0).get("content").asString()).isEqualTo("What does Optional do?");
    }

    @Test
    void growingTextLooksInTheEndAsTheWholeTextDoes() {
        visit("/");
        server.replies(Canned.MARKDOWN + "\nText with [a definition] below, and **bold\n\n[a definition]: https://example.org/\n");
        Locator answer = ask("format");
        String grown = answer.locator(".answer").innerText();
        page.reload();
        finished(answers().first());
        assertThat(answers().first().locator(".answer")).containsText("Image not loaded: a picture");
        assertThat(answers().first().locator(".answer").innerText()).isEqualTo(grown);
    }

    @Test
    void escapeStops() {
        visit("/");
        server.pauseMillis(30);
        server.replies("word ".repeat(2000));
        page.getByLabel("Message", new Page.GetByLabelOptions().setExact(true)).fill("go on for ever");
        page.keyboard().press("Enter");
        assertThat(page.locator(".answer")).containsText("word word");
        page.keyboard().press("Escape");
        assertThat(answers().first()).containsText("Stopped");
        page.waitForCondition(() -> !server.sent("gone").isEmpty());                                            // the server sees that the client has gone
        assertThat(button("Send")).isVisible();
    }

    @Test
    void editingAndAskingAgainKeepEveryVersion() {
        visit("/");
        server.replies("first answer", "second answer", "answer to the changed question");
        ask("question");
        answers().first().hover();
        button("Answer again").click();
        assertThat(answers().first()).containsText("second answer");
        assertThat(answers().first().locator(".switch")).containsText("2 / 2");
        button("Version before").click();
        assertThat(answers().first()).containsText("first answer");
        page.getByLabel("Message", new Page.GetByLabelOptions().setExact(true)).focus();
        page.keyboard().press("ArrowUp");                                                                       // edits the last message
        page.getByLabel("Edit message").fill("changed question");
        page.keyboard().press("Enter");
        assertThat(answers().first()).containsText("answer to the changed question");
        assertThat(page.locator(".message.user .switch")).containsText("2 / 2");
        button("Version before").click();
        assertThat(page.locator(".bubble")).hasText("question");
        assertThat(answers().first()).containsText("second answer");                                            // the newest end of that branch
    }

    @Test
    void wordShowsWhatElseItMightHaveBeenAndBranches() {
        visit("/");
        server.replies("A record is a class for plain values.");
        Locator answer = ask("What is a record?");
        Locator word = answer.locator(".tk").nth(3);
        word.hover();
        Locator box = page.locator(".words-box.shown");
        assertThat(box).isVisible();
        assertThat(box.locator("li")).hasCount(((Number) box.evaluate("box => box.querySelectorAll('.p').length")).intValue());
        assertThat(box).containsText("bits of surprise");
        server.replies(" goes on differently.");
        box.locator("button").first().click();
        assertThat(page.locator(".message.assistant .switch")).containsText("2 / 2");
        assertThat(answers().first()).containsText("goes on differently.");
        JsonNode prompt = server.sent("POST /jackdaw/prompt").getFirst();
        assertThat(prompt.get("prefix").asString()).startsWith("A record is");
        assertThat(server.sent("POST /v1/completions").getFirst().get("prompt").toString()).isEqualTo("[1,2,3]");
        button("Good answer").click();
        assertThat(page.locator("#say")).containsText("noted");
        JsonNode rated = server.sent("POST /jackdaw/feedback").getFirst();
        assertThat(rated.get("answerId").asString()).startsWith("cmpl-");
        assertThat(rated.get("answer").asString()).startsWith("A record is").endsWith("goes on differently.");
        assertThat(rated.get("messages").isEmpty()).isFalse();
    }

    @Test
    void wordsCanBeAskedByKeyboard() {
        visit("/");
        server.replies("Three little words.");
        Locator answer = ask("say something");
        answer.locator(".answer").focus();
        page.keyboard().press("ArrowRight");
        page.keyboard().press("ArrowRight");
        assertThat(page.locator(".words-box.shown .words-head")).containsText("little");
        page.keyboard().press("Enter");
        assertThat(page.locator(".words-box button:focus")).hasCount(1);
        page.keyboard().press("Escape");
        assertThat(page.locator(".words-box.shown")).hasCount(0);
        button("Colour words by surprise").click();
        assertThat(page.locator(".thread.colours .tk").first()).isVisible();
    }

    @Test
    void theCalculatorIsCarriedOutAndTheAnswerGoesOn() {
        visit("/");
        server.callsTool("calculator");
        server.replies("", "It is 372.");
        Locator answer = ask("What is 12 * 31?");
        assertThat(answer.locator(".tool-call .result")).hasText("= 372");
        assertThat(answer.locator(".answer")).containsText("It is 372.");
        List<JsonNode> asked = server.sent("POST /v1/chat/completions");
        assertThat(asked).hasSize(2);
        JsonNode messages = asked.getLast().path("messages");
        assertThat(messages.get(messages.size() - 1).path("content").asString()).isEqualTo("372");
        assertThat(messages.get(messages.size() - 2).at("/tool_calls/0/function/name").asString()).isEqualTo("calculator");
    }

    @Test
    void thoughtsAreFoldedAndCallsAreShown() {
        visit("/");
        server.thoughts("Let me think about jackdaws.");
        server.callsTool("search");
        server.replies("I will look it up.");
        Locator answer = ask("Where do jackdaws nest?");
        assertThat(answer.locator(".thoughts")).isHidden();
        answer.getByText("Thoughts").click();
        assertThat(answer.locator(".thoughts")).hasText("Let me think about jackdaws.");
        assertThat(answer.locator(".tool-call")).containsText("search");
        assertThat(answer.locator(".tool-call pre")).containsText("\"query\": \"jackdaws\"");
    }

    @Test
    void historyIsKeptFoundRenamedExportedAndDeleted() throws IOException {
        visit("/");
        server.replies("An answer about *feathers*.", "Another one.");
        ask("Tell me about birds");
        page.keyboard().press("Control+Shift+O");
        ask("Tell me about trains");
        page.reload();
        assertThat(page.locator(".chat-name")).hasCount(2);
        page.keyboard().press("Control+k");
        page.keyboard().type("feathers");
        assertThat(page.locator(".chat-name")).hasCount(1);
        page.locator(".chat-name").click();
        assertThat(answers().first()).containsText("feathers");
        page.locator(".chats summary").click();
        Download markdown = page.waitForDownload(() -> page.getByText("Export as Markdown").click());
        assertThat(Files.readString(markdown.path())).contains("# Tell me about birds").contains("An answer about *feathers*.");
        page.locator(".chats summary").click();
        Download json = page.waitForDownload(() -> page.getByText("Export as JSON").click());
        assertThat(Files.readString(json.path())).contains("\"messages\": [").contains("An answer about *feathers*.");
        page.locator(".chats summary").click();
        page.getByText("Rename", new Page.GetByTextOptions().setExact(true)).click();
        page.getByLabel("Name of the chat").fill("Plumage");
        page.keyboard().press("Enter");
        page.getByLabel("Search chats (Ctrl-K)").fill("");
        assertThat(page.locator(".chat-name", new Page.LocatorOptions().setHasText("Plumage"))).hasCount(1);
        page.locator(".chats li", new Page.LocatorOptions().setHasText("Plumage")).locator("summary").click();
        page.locator(".menu[open]").getByText("Delete").click();
        page.locator("dialog").getByText("Delete", new Locator.GetByTextOptions().setExact(true)).click();
        assertThat(page.locator(".chat-name")).hasCount(1);
        page.reload();
        assertThat(page.locator(".chat-name")).hasText("Tell me about trains");
    }

    @Test
    void textFilesAreAttachedAndOthersRefused() {
        visit("/");
        server.replies("Read.");
        page.locator("input[type=file]").setInputFiles(new FilePayload[] {new FilePayload("notes.md", "text/markdown", "# Notes\n```\ncode\n```\n".getBytes(StandardCharsets.UTF_8)),
            new FilePayload("image.png", "image/png", new byte[] {(byte) 0x89, 'P', 'N', 'G', 0, 1, (byte) 0xff})});
        assertThat(page.locator(".composer .file")).hasCount(1);
        assertThat(page.locator("#say")).containsText("image.png: not a text file");
        ask("What do my notes say?");
        String sent = server.sent("POST /v1/chat/completions").getFirst().get("messages").get(0).get("content").asString();
        assertThat(sent).isEqualTo("File: notes.md\n````md\n# Notes\n```\ncode\n```\n````\n\nWhat do my notes say?");
        assertThat(page.locator(".message.user .file-name")).hasText("notes.md");
    }

    @Test
    void systemPromptAndSamplingAreSent() {
        visit("/");
        button("System prompt and sampling").click();
        page.getByLabel("System prompt", new Page.GetByLabelOptions().setExact(true)).fill("Speak like a pirate.");
        page.locator("#dial-temperature").fill("0.3");
        page.locator("#dial-seed").fill("7");
        page.locator("#dial-think_budget").fill("100");
        page.getByLabel("Model").selectOption("jackdaw-jdk-base");
        ask("Hello");
        JsonNode sent = server.sent("POST /v1/chat/completions").getFirst();
        assertThat(sent.get("messages").get(0).toString()).isEqualTo("{\"role\":\"system\",\"content\":\"Speak like a pirate.\"}");
        assertThat(sent.get("temperature").asDouble()).isEqualTo(0.3);
        assertThat(sent.get("seed").asInt()).isEqualTo(7);
        assertThat(sent.get("think_budget").asInt()).isEqualTo(100);
        assertThat(sent.has("top_k")).isFalse();
        assertThat(sent.get("model").asString()).isEqualTo("jackdaw-jdk-base");
    }

    @Test
    void thumbsDownSendsReasonAndCorrection() {
        visit("/");
        server.replies("Strings are mutable.");
        ask("Are strings mutable?");
        button("Bad answer").click();
        button("Wrong").click();
        page.getByLabel("A better answer").fill("No, they never change.");
        page.locator("dialog").getByText("Send", new Locator.GetByTextOptions().setExact(true)).click();
        assertThat(page.locator("#say")).containsText("noted");
        JsonNode sent = server.sent("POST /jackdaw/feedback").getFirst();
        assertThat(sent.get("rating").asString()).isEqualTo("down");
        assertThat(sent.get("reason").asString()).isEqualTo("Wrong");
        assertThat(sent.get("correction").asString()).isEqualTo("No, they never change.");
        assertThat(sent.get("answer").asString()).isEqualTo("Strings are mutable.");
        assertThat(sent.get("answerId").asString()).startsWith("chatcmpl-");
        assertThat(button("Bad answer")).hasAttribute("aria-pressed", "true");
    }

    @Test
    void twoAnswersAreCompared() {
        visit("/");
        server.replies("one way", "another way");
        page.getByLabel("Message", new Page.GetByLabelOptions().setExact(true)).fill("How?");
        button("Two answers: compare them").click();
        assertThat(page.locator(".duel .side")).hasCount(2);
        button("B is better").click();
        assertThat(page.locator(".duel")).hasCount(0);
        page.waitForCondition(() -> !server.sent("POST /jackdaw/comparisons").isEmpty());
        JsonNode sent = server.sent("POST /jackdaw/comparisons").getFirst();
        assertThat(sent.get("choice").asString()).isEqualTo("b");
        assertThat(List.of(sent.get("a").asString(), sent.get("b").asString())).containsExactlyInAnyOrder("one way", "another way");
        assertThat(answers().first().locator(".answer")).hasText(sent.get("b").asString());
        List<JsonNode> asked = server.sent("POST /v1/chat/completions");
        assertThat(asked.get(0).get("seed").asLong()).isNotEqualTo(asked.get(1).get("seed").asLong());
    }

    @Test
    void themeFollowsTheSystemUntilOneIsChosen() {
        visit("/");
        assertThat(background()).isEqualTo("rgb(252, 251, 249)");
        open(1280, 800, ColorScheme.DARK);
        visit("/");
        page.waitForSelector(".welcome");
        assertThat(background()).isEqualTo("rgb(23, 25, 29)");
        button("Theme: as the system; change").click();
        assertThat(background()).isEqualTo("rgb(252, 251, 249)");
        page.reload();
        assertThat(background()).isEqualTo("rgb(252, 251, 249)");
        button("Theme: light; change").click();
        assertThat(background()).isEqualTo("rgb(23, 25, 29)");
    }

    private String background() {
        return (String) page.evaluate("getComputedStyle(document.body).backgroundColor");
    }

    @Test
    void nothingIsWiderThanAPhone() {
        open(390, 780, ColorScheme.LIGHT);
        visit("/");
        server.replies(Canned.ANSWER + "\n\n" + "x".repeat(400) + "\n\n[link](https://example.org/" + "y".repeat(300) + ")");
        ask("a_very_long_word_" + "z".repeat(200));
        assertThat(overflow()).isZero();
        button("Chats").click();
        assertThat(page.locator(".chat-name")).isVisible();
        assertThat(overflow()).isZero();
        for (String path : List.of("/dream", "/training", "/models", "/monitor", "/label")) {
            visit(path);
            page.waitForLoadState(com.microsoft.playwright.options.LoadState.NETWORKIDLE);
            assertThat(overflow()).as(path).isZero();
        }
    }

    @Test
    void chatPageIsLight() {
        List<Integer> sizes = new java.util.concurrent.CopyOnWriteArrayList<>();
        page.onResponse(response -> {
            if (!response.url().contains("/v1/") && !response.url().contains("/jackdaw/")) {
                sizes.add(response.body().length);
            }
        });
        visit("/");
        page.waitForSelector(".welcome");
        page.waitForLoadState(com.microsoft.playwright.options.LoadState.NETWORKIDLE);
        int bytes = sizes.stream().mapToInt(Integer::intValue).sum();
        System.out.println("chat page: " + sizes.size() + " files, " + bytes + " bytes unpacked");
        assertThat(bytes).isBetween(50_000, 1_000_000);
    }

    @Test
    void everythingThatCanBePressedHasAName() {
        visit("/");
        ask("Hello");
        for (String path : List.of("/", "/dream", "/training", "/models", "/monitor", "/label")) {
            if (!path.equals("/")) {
                visit(path);
                page.waitForLoadState(com.microsoft.playwright.options.LoadState.NETWORKIDLE);
            }
            assertThat(page.evaluate("""
                    () => [...document.querySelectorAll('button, input:not([hidden]), select, textarea, summary, a')].filter(e => e.checkVisibility() &&
                        !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length || e.querySelector('[alt]:not([alt=""])'))).map(e => e.outerHTML)""")).as(path).isEqualTo(List.of());
        }
    }

    @Test
    void refusalOfTheServerIsSaidInItsWords() {
        context.route("**/v1/chat/completions", route -> route.fulfill(new com.microsoft.playwright.Route.FulfillOptions().setStatus(400).setContentType("application/json")
                .setBody("{\"error\":{\"message\":\"this is a base model, it has no chat template\",\"type\":\"invalid_request_error\",\"param\":\"model\",\"code\":\"no_template\"}}")));
        visit("/");
        Locator answer = ask("Hello");
        assertThat(answer.locator(".failure")).hasText("this is a base model, it has no chat template");
        errors.clear();                                                // Chromium notes the status
    }
}
