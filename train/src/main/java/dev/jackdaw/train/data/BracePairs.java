package dev.jackdaw.train.data;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Pairs of answers for which people have a real preference, made from Java sources by a program: the single statement of an `if` in braces or
/// bare, which is a matter of house style. Whichever way the source has it, the other way is made from it, so both answers mean the same and
/// differ in nothing else.
///
/// The prompt is what stands before, up to the closing parenthesis. One pair a document at most every so many characters, so that
/// prompts differ.
public final class BracePairs {
    /// @param braced    the rest of the statement with braces
    /// @param bare      the same without
    /// @param wasBraced how the source has it
    public record Pair(String prompt, String braced, String bare, boolean wasBraced) {
    }

    private static final Pattern BRACED = Pattern.compile("\\n([ ]*)if (\\([^\\n{};]{1,80}\\)) \\{\\n[ ]+([^\\n{}/]{1,80};)\\n\\1\\}\\n(?![ ]*else)");
    private static final Pattern BARE = Pattern.compile("\\n([ ]*)if (\\([^\\n{};]{1,80}\\))\\n[ ]+([^\\n{}/]{1,80};)\\n(?![ ]*else)");
    private static final int PROMPT = 300;
    private static final int APART = 600;

    private BracePairs() {
    }

    /// The pairs of one source file.
    public static List<Pair> of(String source) {
        String text = source.replace("\r\n", "\n").replace("\t", "    ");
        record Place(int at, Pair pair) {
        }
        List<Place> places = new ArrayList<>();
        for (boolean braced : new boolean[] {true, false}) {
            Matcher matcher = (braced ? BRACED : BARE).matcher(text);
            while (matcher.find()) {
                String indent = matcher.group(1), condition = matcher.group(2), statement = matcher.group(3);
                if (!isBalanced(condition) || statement.startsWith("if ") || statement.startsWith("for ")) {
                    continue;
                }
                int head = matcher.end(2), from = Math.max(0, head - PROMPT);
                from = from == 0 ? 0 : Math.min(text.indexOf('\n', from) + 1, matcher.start() + 1);
                String line = "\n" + indent + "    " + statement + "\n";
                places.add(new Place(matcher.start(), new Pair(text.substring(from, head), " {" + line + indent + "}\n", line, braced)));
            }
        }
        places.sort((a, b) -> Integer.compare(a.at(), b.at()));
        List<Pair> pairs = new ArrayList<>();
        int last = -APART;
        for (Place place : places) {
            if (place.at() - last >= APART) {
                pairs.add(place.pair());
                last = place.at();
            }
        }
        return Collections.unmodifiableList(pairs);
    }

    /// The parentheses of the condition close at its end and not before.
    private static boolean isBalanced(String condition) {
        int open = 0;
        for (int i = 0; i < condition.length(); i++) {
            open += condition.charAt(i) == '(' ? 1 : condition.charAt(i) == ')' ? -1 : 0;
            if (open == 0) {
                return i == condition.length() - 1;
            }
        }
        return false;
    }
}
