package dev.jackdaw.serve.improve;

import dev.jackdaw.serve.feedback.Correction;
import dev.jackdaw.train.data.Duplicates;
import dev.jackdaw.train.data.Fingerprint;
import dev.jackdaw.train.data.HoldOut;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// From corrections as people wrote them to those that a model may learn from. Nothing leaves without its id and the reason.
///
/// Of corrections of one question the latest counts, whatever the earlier ones said. What overlaps with an evaluation is taken out of the
/// learning, not out of the evaluation: a number that was learned by heart would say that all is well.
///
/// @param learned corrections to learn from, oldest first
/// @param heldOut those to examine with only
/// @param removed the others
public record Curation(List<Case> learned, List<Case> heldOut, List<Removed> removed) {
    /// From which estimated similarity two corrections are nearly the same.
    private static final double NEAR = 0.8;
    private static final Set<String> ROLES = Set.of("system", "user", "assistant", "tool");

    /// One correction in order.
    ///
    /// @param messages up to the answer, contents as plain text
    /// @param bad      or null
    /// @param isNew    the deployed model has not learned it
    public record Case(String id, List<Map<String, Object>> messages, String bad, String good, boolean isNew) {
        public String question() {
            return String.valueOf(messages.getLast().get("content"));
        }

        String key() {
            return Words.key(messages);
        }
    }

    /// Why a correction is not learned.
    public enum Why {
        EMPTY("no question, or no corrected answer"),
        MALFORMED("not a conversation that can be learned"),
        UNCHANGED("the corrected answer is the one that was given"),
        DUPLICATE("the same correction was made again"),
        NEAR_DUPLICATE("nearly the same correction was made again"),
        SUPERSEDED("a later correction of the same question says something else"),
        EVALUATION("it holds something of an evaluation");

        private final String meaning;

        Why(String meaning) {
            this.meaning = meaning;
        }

        public String meaning() {
            return meaning;
        }

        /// `near duplicate`, …
        public String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    /// @param detail the correction that stays instead, or what is wrong
    public record Removed(String id, Why why, String detail) {
    }

    public Curation {
        learned = List.copyOf(learned);
        heldOut = List.copyOf(heldOut);
        removed = List.copyOf(removed);
    }

    /// @param known   ids that the deployed model has learned
    /// @param overlap of all fixed evaluations
    static Curation of(List<Correction> corrections, Set<String> known, Overlap overlap, double heldOutShare) {
        List<Removed> removed = new ArrayList<>();
        List<Case> kept = new ArrayList<>();
        Map<String, Case> byQuestion = new HashMap<>();
        Duplicates similar = new Duplicates(false, NEAR);
        List<Correction> latestFirst = corrections.stream().sorted(Comparator.comparingLong(Correction::created).thenComparing(Correction::id).reversed()).toList();
        for (Correction correction : latestFirst) {
            Case found = normal(correction, known, removed);
            if (found == null) {
                continue;
            }
            Case later = byQuestion.get(found.key());
            if (later != null) {
                boolean isSame = Words.key(later.good).equals(Words.key(found.good));
                removed.add(new Removed(found.id, isSame ? Why.DUPLICATE : Why.SUPERSEDED, later.id));
                continue;
            }
            Optional<String> evaluation = evaluation(found, overlap);
            if (evaluation.isPresent()) {
                removed.add(new Removed(found.id, Why.EVALUATION, evaluation.get()));
                byQuestion.put(found.key(), found);                          // an earlier one of the same question goes for the better known reason
                continue;
            }
            int like = similar.find((found.key() + Words.key(found.good)).getBytes(StandardCharsets.UTF_8));
            if (like >= 0) {
                removed.add(new Removed(found.id, Why.NEAR_DUPLICATE, kept.get(like).id));
                continue;
            }
            byQuestion.put(found.key(), found);
            kept.add(found);
        }
        List<Case> learned = new ArrayList<>(), heldOut = new ArrayList<>();
        for (Case one : kept.reversed()) {
            boolean out = kept.size() >= ImproveSettings.ENOUGH && one.isNew && HoldOut.isHeldOut(Fingerprint.of(one.key().getBytes(StandardCharsets.UTF_8)), heldOutShare);
            (out ? heldOut : learned).add(one);
        }
        removed.sort(Comparator.comparing(Removed::why).thenComparing(Removed::id));
        return new Curation(learned, heldOut, removed);
    }

    private static Optional<String> evaluation(Case one, Overlap overlap) {
        for (Map<String, Object> message : one.messages) {
            Optional<String> found = overlap.find(String.valueOf(message.get("content")));
            if (found.isPresent()) {
                return found;
            }
        }
        return overlap.findRun(one.good);
    }

    /// Null if it cannot be used; `removed` then says why.
    private static Case normal(Correction correction, Set<String> known, List<Removed> removed) {
        List<Map<String, Object>> messages = new ArrayList<>();
        for (Map<String, Object> message : correction.messages()) {
            String role = "developer".equals(message.get("role")) ? "system" : String.valueOf(message.get("role"));
            String content = text(message.get("content"));
            if (!ROLES.contains(role) || content == null) {
                removed.add(new Removed(correction.id(), Why.MALFORMED, content == null ? "message " + (messages.size() + 1) + " has parts that are not text"
                        : "message " + (messages.size() + 1) + " has the role " + role));
                return null;
            }
            Map<String, Object> normal = new LinkedHashMap<>(message);
            normal.put("role", role);
            normal.put("content", Words.clean(content));
            messages.add(normal);
        }
        String good = Words.clean(correction.good()), given = correction.bad() == null ? "" : Words.clean(correction.bad()), bad = given.isEmpty() ? null : given;
        if (messages.isEmpty() || good.isEmpty() || String.valueOf(messages.getLast().get("content")).isEmpty()) {
            removed.add(new Removed(correction.id(), Why.EMPTY, good.isEmpty() ? "the corrected answer is empty" : "the question is empty"));
            return null;
        }
        String last = (String) messages.getLast().get("role");
        if (!last.equals("user") && !last.equals("tool")) {
            removed.add(new Removed(correction.id(), Why.MALFORMED, "the last message is of " + last + "; expected user or tool"));
            return null;
        }
        if (good.equals(bad)) {
            removed.add(new Removed(correction.id(), Why.UNCHANGED, ""));
            return null;
        }
        return new Case(correction.id(), List.copyOf(messages), bad, good, !known.contains(correction.id()));
    }

    /// The text of a content, which may come in parts; null if one of them is something else.
    private static String text(Object content) {
        return switch (content) {
            case null -> "";
            case String text -> text;
            case List<?> parts -> {
                StringBuilder all = new StringBuilder();
                for (Object part : parts) {
                    if (!(part instanceof Map<?, ?> map) || !(map.get("text") instanceof String text)) {
                        yield null;
                    }
                    all.append(text);
                }
                yield all.toString();
            }
            default -> null;
        };
    }

    /// How many were removed for each reason.
    public Map<String, Long> reasons() {
        Map<String, Long> reasons = new LinkedHashMap<>();
        removed.forEach(one -> reasons.merge(one.why.label(), 1L, Long::sum));
        return reasons;
    }

    public long fresh() {
        return learned.stream().filter(Case::isNew).count();
    }
}
