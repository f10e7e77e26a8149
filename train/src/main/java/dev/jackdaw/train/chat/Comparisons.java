package dev.jackdaw.train.chat;

import dev.jackdaw.model.token.Tokenizer;
import dev.jackdaw.train.chat.AnswerEncoder.Sequence;
import dev.jackdaw.train.data.DataException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Encoded comparisons of some JSONL files, and their split into those to learn from and those held out.
///
/// A line that gives none is rejected with its number and the reason, see [Rejections]; an answer that does not fit into the context is
/// rejected too, never cut.
public final class Comparisons {
    /// One comparison as token ids.
    ///
    /// @param answers the chosen and the rejected one, or a single one
    /// @param isGood  of a single answer; true for a pair
    /// @param prompt  hash of the prompt, the same for all comparisons of its answers
    public record Encoded(List<Sequence> answers, boolean isGood, double margin, String prompt) {
        public boolean isPair() {
            return answers.size() == 2;
        }
    }

    /// Turns a conversation into ids with one stretch of trained ones at its end.
    @FunctionalInterface
    public interface Encoder {
        Sequence encode(Conversation conversation) throws Malformed;
    }

    private Comparisons() {
    }

    /// By the chat template of the model.
    public static Encoder chat(AnswerEncoder encoder) {
        return conversation -> {
            List<Sequence> sequences = encoder.encode(conversation);
            if (sequences.size() != 1) {
                throw new Malformed(Fault.TEMPLATE, "the template changes earlier turns, so that " + sequences.size() + " judged answers have no common text; compare single answers");
            }
            return sequences.getFirst();
        };
    }

    /// Without a template: the answer goes on where the prompt ends, and the token that ends a text follows it. For base models.
    ///
    /// @param endOfText negative: nothing follows, the answer is a part of a longer text
    public static Encoder plain(Tokenizer tokenizer, int endOfText, int context) {
        return conversation -> {
            if (conversation.turns().size() != 2 || conversation.tools() != null) {
                throw new Malformed(Fault.TEMPLATE, "a conversation of " + conversation.turns().size() + " turns needs a chat template; plain text is one prompt and one answer");
            }
            int[] prompt = tokenizer.encode(conversation.turns().getFirst().content(), false, true), answer = tokenizer.encode(conversation.turns().getLast().content(), false, false);
            if (prompt.length == 0 || answer.length == 0) {
                throw new Malformed(Fault.EMPTY_TURN, "the prompt has " + prompt.length + " tokens and the answer " + answer.length + "; both need one at least");
            }
            int[] ids = new int[prompt.length + answer.length + (endOfText < 0 ? 0 : 1)];
            System.arraycopy(prompt, 0, ids, 0, prompt.length);
            System.arraycopy(answer, 0, ids, prompt.length, answer.length);
            if (endOfText >= 0) {
                ids[ids.length - 1] = endOfText;
            }
            if (ids.length - 1 > context) {
                throw new Malformed(Fault.TOO_LONG, "prompt and answer have " + ids.length + " tokens; " + (context + 1) + " fit into the context of " + context);
            }
            BitSet trained = new BitSet();
            trained.set(prompt.length, ids.length);
            return new Sequence(ids, trained);
        };
    }

    /// Reads files, plain or packed.
    ///
    /// @throws DataException if a file cannot be read, or at the first rejected line if `rejections` are strict
    public static List<Encoded> read(List<Path> files, Encoder encoder, Rejections rejections) {
        List<Encoded> all = new ArrayList<>();
        Conversations.lines(files, (_, _, node) -> {
            Comparison comparison = ComparisonForm.read(node);
            List<Sequence> answers = new ArrayList<>();
            for (Conversation conversation : comparison.conversations()) {
                answers.add(encoder.encode(conversation));
            }
            String prompt = hash(comparison.prompt());
            all.add(switch (comparison) {
                case Comparison.Pair pair -> new Encoded(answers, true, pair.margin(), prompt);
                case Comparison.Verdict verdict -> new Encoded(answers, verdict.isGood(), 0, prompt);
            });
        }, rejections);
        return all;
    }

    /// What is learned from, and what is kept for examination.
    public record Split(List<Encoded> train, List<Encoded> heldOut) {
    }

    /// Holds out about `count` comparisons: whole prompts in ascending order of their hashes, so that no prompt stands on both sides and the
    /// choice does not depend on the order of the lines.
    public static Split split(List<Encoded> all, int count) {
        Map<String, Integer> prompts = new TreeMap<>();
        all.forEach(comparison -> prompts.merge(comparison.prompt(), 1, Integer::sum));
        Map<String, Boolean> isHeldOut = new HashMap<>();
        int held = 0;
        for (Map.Entry<String, Integer> prompt : prompts.entrySet()) {
            boolean keep = held < count && held + prompt.getValue() <= Math.max(count, all.size() / 2);
            isHeldOut.put(prompt.getKey(), keep);
            held += keep ? prompt.getValue() : 0;
        }
        return new Split(all.stream().filter(comparison -> !isHeldOut.get(comparison.prompt())).toList(), all.stream().filter(comparison -> isHeldOut.get(comparison.prompt())).toList());
    }

    /// The same for the same comparisons in the same order: 128 bits of a SHA-256.
    public static String fingerprint(List<Encoded> comparisons) {
        MessageDigest digest = sha256();
        for (Encoded comparison : comparisons) {
            digest.update((byte) (comparison.isGood() ? 1 : 0));
            digest.update(Double.toString(comparison.margin()).getBytes(StandardCharsets.US_ASCII));
            for (Sequence answer : comparison.answers()) {
                StringBuilder text = new StringBuilder();
                for (int id : answer.ids()) {
                    text.append(id).append(' ');
                }
                digest.update(text.append(answer.trained()).toString().getBytes(StandardCharsets.US_ASCII));
            }
        }
        return HexFormat.of().formatHex(digest.digest(), 0, 16);
    }

    private static String hash(String text) {
        return HexFormat.of().formatHex(sha256().digest(text.getBytes(StandardCharsets.UTF_8)), 0, 16);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);                // every JDK has it
        }
    }
}
