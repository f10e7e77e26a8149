package dev.jackdaw.browser;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// What [PageServer] tells the page when it asks for something else than words.
final class Canned {
    static final String ANSWER = """
            `java.util.Optional` is a container that holds **one value or none**. A method returns it to say that there may be no result, so that \
            nobody has to guess whether `null` can come back.

            ```java
            Optional<String> first = names.stream()
                    .filter(name -> name.startsWith("J"))
                    .findFirst();
            System.out.println(first.orElse("nobody"));   // no null check
            ```

            Three methods are used most:

            | Method | What it gives |
            | --- | --- |
            | `orElse(x)` | the value, or `x` |
            | `map(f)` | an `Optional` of `f` of the value |
            | `ifPresent(c)` | nothing; it hands the value to `c` |

            If a fraction $p$ of calls finds a value, the expected number of calls until the first hit is

            $$\\sum_{k=1}^{\\infty} k\\,p\\,(1-p)^{k-1} = \\frac{1}{p}.$$
            """;
    static final String DREAM = """
            /**
             * Returns the number of elements that this list holds. If it holds more than
             * {@code Integer.MAX_VALUE} elements, {@code Integer.MAX_VALUE} is returned.
             *
             * @return the number of elements
             */
            public int size() {
                return head == null ? 0 : head.count();
            }
            """;
    static final String MARKDOWN = """
            # A heading

            A paragraph with *emphasis*, ~~a mistake~~, `code`, and a [link](https://example.org/page?q=1).

            1. first
            2. second
               - inner

            - [x] done
            - [ ] to do

            > A quotation.

            ![a picture](https://images.example.net/cat.png)
            """;
    private static final long NOON = 1_764_331_200_000L;               // 2025-11-28, 12:00 UTC

    private Canned() {
    }

    static Object models() {
        return Map.of("models", List.of(
                map("id", PageServer.MODEL, "file", "params.gguf", "loaded", true, "users", 1, "bytes", 26_300_000, "hasTemplate", true, "canThink", false, "canCallTools", true, "context", 1024, "layers", 6, "width", 384, "vocabulary", 4096),
                map("id", "jackdaw-jdk-base", "file", "base.gguf", "loaded", false, "users", 0, "bytes", 49_800_000, "hasTemplate", false)));
    }

    static Object privacy() {
        return map("stored", "flagged", "retentionDays", 90, "users", "hashed", "description", "A conversation is stored if somebody sends it in, or if an automatic check flags the answer. It is deleted after 90 days.",
                "flags", List.of("refusal", "repetition", "tool", "schema", "guard", "latency", "empty", "length"));
    }

    static Object answers(String rating, String text) {
        List<Map<String, Object>> found = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            Map<String, Object> each = answer("chatcmpl-" + i);
            boolean fits = rating.isEmpty() || each.get("ratings").toString().contains("rating=" + rating);
            if (fits && (text.isEmpty() || each.toString().toLowerCase().contains(text.toLowerCase()))) {
                found.add(each);
            }
        }
        return map("answers", found, "next", null);
    }

    static Map<String, Object> answer(String id) {
        int i = id.charAt(id.length() - 1) - '0';
        List<String> questions = List.of("What does java.util.Optional do?", "How do I read a file line by line?", "Is String immutable?", "Write a haiku about jackdaws", "Which exception does Integer.parseInt throw?",
                "Why is my loop slow?", "What is a record?");
        List<String> replies = List.of("A container that holds one value or none.", "Use Files.lines and close the stream.", "No, strings can be changed at any time.", "I cannot help with that.", "NumberFormatException.",
                "Because because because because because because", "A class whose state is its components.");
        List<Map<String, Object>> ratings = switch (i) {
            case 2 -> List.of(map("rating", "down", "reason", "Wrong", "correction", "Yes: a String never changes after it was made.", "user", "browser-7f3a"));
            case 0 -> List.of(map("rating", "up", "user", "browser-90c1"));
            default -> List.of();
        };
        List<Map<String, Object>> flags = i == 3 ? List.of(map("kind", "refusal", "detail", "begins with: I cannot help"))
                : i == 5 ? List.of(map("kind", "repetition", "detail", "\"because\" 6 times in a row"), map("kind", "latency", "detail", "1070 ms; at most 1000 are expected")) : List.of();
        return map("id", id, "created", NOON - i * 2_700_000L, "model", PageServer.MODEL, "messages", List.of(Map.of("role", "user", "content", questions.get(i % 7))), "answer", replies.get(i % 7),
                "flags", flags, "ratings", ratings, "latencyMillis", 420 + 130 * i, "user", "browser-7f3a");
    }

    static Object item(String task, int done) {
        String instructions = "Read the conversation and the answers.\n\n- True before complete, complete before well written.\n- If you cannot judge it, skip the item.";
        if (done > 2) {
            return map("task", task, "title", "Label", "instructions", instructions, "item", null, "message", "Nothing is left to label.");
        }
        Map<String, Object> item = map("task", task, "title", "Label", "instructions", instructions, "item", "item-" + done, "model", PageServer.MODEL,
                "messages", List.of(Map.of("role", "user", "content", "What is a record in Java?")), "labels", 1);
        if (task.equals("ideal")) {
            item.put("answer", "A class whose state is its components.");
        } else {
            item.put("candidates", List.of("A record is a class for plain values. Its components are final. The compiler writes the constructor and accessors.\n\nRecords came with Java 16.",
                    "Use a record where a class would only hold data. You get `equals`, `hashCode` and `toString` for free.\n\n```java\nrecord Point(int x, int y) {}\n```",
                    "Records are immutable carriers. They can have methods, and a compact constructor that checks the values."));
        }
        return item;
    }

    static Object agreement() {
        return map("task", "choose", "labellers", 3, "items", 17, "labels", 48, "agreed", 0.82, "cohensKappa", List.of(map("first", "anna", "second", "ben", "value", 0.74, "n", 15)),
                "krippendorffsAlpha", map("value", 0.71, "n", 17, "labels", 48));
    }

    static Object runs(int liveStep) {
        return Map.of("runs", List.of(map("name", "speedrun-live", "kind", "pretrain", "created", NOON, "finished", false, "step", liveStep, "steps", 600),
                map("name", "speedrun-monday", "kind", "pretrain", "created", NOON - 90_000_000L, "finished", true, "step", 600, "steps", 600),
                map("name", "assistant-jdk", "kind", "finetune", "created", NOON - 86_000_000L, "finished", true, "step", 200, "steps", 200)));
    }

    static Object metrics(String name, int liveStep, int after) {
        int last = name.equals("speedrun-live") ? liveStep : name.equals("assistant-jdk") ? 200 : 600;
        double floor = name.equals("speedrun-live") ? 2.6 : name.equals("assistant-jdk") ? 1.4 : 2.9;
        return IntStream.rangeClosed(after + 1, last).mapToObj(step -> {
            double loss = floor + (8.3 - floor) * Math.exp(-step / 70.0) + 0.08 * Math.sin(step * 1.7) + 0.05 * Math.sin(step * 0.37);
            Map<String, Object> row = map("step", step, "tokens", step * 4096, "seconds", step * 0.29, "trainLoss", loss, "tokensPerSecond", 14_100 + 200 * Math.sin(step));
            if (step % 20 == 0) {
                row.put("heldOutBitsPerByte", loss / 3.83 / Math.log(2));
            }
            return row;
        }).toList();
    }

    static Object samples() {
        return List.of(map("step", 60, "prompt", "", "text", "    public the return of if (this == value) {\n * @return the"),
                map("step", 120, "prompt", "", "text", "    /**\n     * Returns the number of elements in this list.\n     */\n    public int size() {\n        return size;\n    }"),
                map("step", 180, "prompt", "public class", "text", "public class ArrayIterator<E> implements Iterator<E> {\n    private final E[] elements;\n    private int next;\n\n    public boolean hasNext() {\n        return next < elements.length;\n    }"));
    }

    static Map<String, Object> map(Object... pairs) {
        Map<String, Object> made = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            made.put((String) pairs[i], pairs[i + 1]);
        }
        return made;
    }
}
