package dev.jackdaw.browser;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.ConsoleMessage;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

import static org.assertj.core.api.Assertions.assertThat;

/// One Chromium and one [PageServer] for the tests of a class, a fresh profile for each test. Every request to another host is caught and
/// noted, and so is every error of the page: a test that leaves one behind fails.
abstract class BrowserTest {
    static final Path CHROMIUM = Path.of("/usr/bin/chromium");

    /// Far more than any step takes; machines that do many things at once are slow.
    private static final int SLOWEST_MILLIS = 60_000;

    static PageServer server;
    private static Playwright playwright;
    private static Browser browser;

    BrowserContext context;
    Page page;
    final List<String> elsewhere = new CopyOnWriteArrayList<>();
    final List<String> errors = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void start() {
        server = new PageServer(0);
        playwright = Playwright.create(new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        com.microsoft.playwright.assertions.PlaywrightAssertions.setDefaultAssertionTimeout(SLOWEST_MILLIS);
        browser = playwright.chromium().launch(new BrowserType.LaunchOptions().setExecutablePath(CHROMIUM).setArgs(List.of("--no-sandbox")));
    }

    @AfterAll
    static void stop() {
        browser.close();
        playwright.close();
        server.close();
    }

    @BeforeEach
    void open() {
        server.forget();
        open(1280, 800, ColorScheme.LIGHT);
    }

    /// A fresh profile of another size or theme.
    void open(int width, int height, ColorScheme colours) {
        if (context != null) {
            context.close();
        }
        boolean isPhone = width < 600;
        context = browser.newContext(new Browser.NewContextOptions().setViewportSize(width, height).setColorScheme(colours).setLocale("en-GB").setHasTouch(isPhone).setIsMobile(isPhone)
                .setPermissions(List.of("clipboard-read", "clipboard-write")));
        context.setDefaultTimeout(SLOWEST_MILLIS);
        context.route("**", route -> {
            String url = route.request().url();
            if (url.startsWith(server.url()) || url.startsWith("data:") || url.startsWith("blob:")) {
                route.resume();
            } else {
                elsewhere.add(url);
                route.abort();
            }
        });
        page = context.newPage();
        page.onPageError(error -> errors.add("page error: " + error));
        page.onConsoleMessage(this::note);
    }

    private void note(ConsoleMessage message) {
        if (message.type().equals("error") || message.type().equals("warning")) {
            errors.add(message.text());
        }
    }

    @AfterEach
    void nothingWentWrong() {
        context.close();
        context = null;
        assertThat(elsewhere).as("requests to other hosts").isEmpty();
        assertThat(errors).as("errors of the page").isEmpty();
    }

    void visit(String path) {
        page.navigate(server.url() + path);
    }

    Locator answers() {
        return page.locator(".message.assistant");
    }

    /// Asks in the chat, and waits until the answer is whole.
    Locator ask(String question) {
        int before = answers().count();
        page.getByLabel("Message", new Page.GetByLabelOptions().setExact(true)).fill(question);
        page.keyboard().press("Enter");
        Locator answer = answers().nth(before);
        finished(answer);
        return answer;
    }

    void finished(Locator answer) {
        answer.locator(".actions").waitFor(new Locator.WaitForOptions().setState(com.microsoft.playwright.options.WaitForSelectorState.ATTACHED));
    }

    Locator button(String name) {
        return page.getByRole(com.microsoft.playwright.options.AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
    }

    int overflow() {
        return ((Number) page.evaluate("document.documentElement.scrollWidth - innerWidth")).intValue();
    }
}
