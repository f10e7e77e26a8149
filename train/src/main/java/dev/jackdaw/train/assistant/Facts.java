package dev.jackdaw.train.assistant;

import dev.jackdaw.train.data.Fingerprint;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/// The facts that have one answer, divided into those that may be learned as questions and those that are kept to examine with.
///
/// A name that stands for several types, or a method whose overloads differ, has no one answer and is not asked. A method throws what its `throws`
/// clause declares, and where there is none what its comment documents, if that is one exception. Held out are whole types
/// with all that is in them, and of the other types whole methods: of these there is no question of any topic among the learned ones.
/// Both are chosen by hashes of names, and all types of one name fall on one side, since a question does not say which is meant.
///
/// @param learned  facts to make conversations of
/// @param heldOut  facts to examine with; all of them stand in files that pretraining reads
public record Facts(List<Fact> learned, List<Fact> heldOut) {
    /// Held-out types, as long as enough remain.
    private static final int HELD_OUT_TYPES = 450;
    /// Most of the types read that are held out.
    private static final double HELD_OUT_SHARE = 0.5;
    /// Of the methods of other types.
    private static final double HELD_OUT_METHODS = 0.1;
    private static final int LONGEST_SUMMARY = 140;
    /// Every class has these, with the same answer.
    private static final Set<String> OF_OBJECT = Set.of("equals", "hashCode", "toString", "clone", "finalize");

    /// @param isRead whether pretraining reads a document from its beginning to its end
    public static Facts of(List<JavaType> types, IntPredicate isRead) {
        Map<String, List<JavaType>> byName = new LinkedHashMap<>();
        types.forEach(type -> byName.computeIfAbsent(type.name(), _ -> new ArrayList<>()).add(type));
        Set<String> heldOutTypes = heldOutTypes(types, isRead);
        List<Fact> learned = new ArrayList<>(), heldOut = new ArrayList<>();
        byName.forEach((name, namesakes) -> {
            if (namesakes.size() > 1) {
                return;
            }
            JavaType type = namesakes.getFirst();
            String outer = outermost(name);
            boolean isHeldOutType = heldOutTypes.contains(outer);
            for (Fact fact : ofType(type, outer)) {
                put(fact, isHeldOutType, isRead, learned, heldOut);
            }
            Map<String, List<JavaType.Method>> methods = new LinkedHashMap<>();
            type.methods().forEach(method -> methods.computeIfAbsent(method.name(), _ -> new ArrayList<>()).add(method));
            methods.forEach((method, overloads) -> {
                boolean isHeldOut = isHeldOutType || share("method " + name + "." + method) < HELD_OUT_METHODS;
                for (Fact fact : ofMethods(name + "." + method, outer, type.document(), method, overloads)) {
                    put(fact, isHeldOut, isRead, learned, heldOut);
                }
            });
        });
        return new Facts(List.copyOf(learned), List.copyOf(heldOut));
    }

    private static void put(Fact fact, boolean isHeldOut, IntPredicate isRead, List<Fact> learned, List<Fact> heldOut) {
        if (!isHeldOut) {
            learned.add(fact);
        } else if (isRead.test(fact.document())) {
            heldOut.add(fact);
        }
    }

    /// Names of outermost types, those whose hashes come first, among the types that are read.
    private static Set<String> heldOutTypes(List<JavaType> types, IntPredicate isRead) {
        TreeMap<String, Integer> sizes = new TreeMap<>();
        Map<String, String> names = new HashMap<>();
        int read = 0;
        for (JavaType type : types) {
            if (isRead.test(type.document())) {
                String name = outermost(type.name()), hash = hash("type " + name);
                names.put(hash, name);
                sizes.merge(hash, 1, Integer::sum);
                read++;
            }
        }
        Set<String> chosen = new HashSet<>();
        int left = (int) Math.min(HELD_OUT_TYPES, HELD_OUT_SHARE * read);
        for (Map.Entry<String, Integer> size : sizes.entrySet()) {
            if (left <= 0) {
                break;
            }
            chosen.add(names.get(size.getKey()));
            left -= size.getValue();
        }
        return chosen;
    }

    private static List<Fact> ofType(JavaType type, String outer) {
        List<Fact> facts = new ArrayList<>();
        String name = type.name();
        facts.add(new Fact(Topic.PACKAGE, name, type.packageName(), type.document(), outer, true));
        facts.add(new Fact(Topic.KIND, name, withArticle(type.kind()), type.document(), outer, true));
        comments(name, outer, type.document(), type.comment(), true, facts);
        return facts;
    }

    private static List<Fact> ofMethods(String subject, String outer, int document, String name, List<JavaType.Method> overloads) {
        List<Fact> facts = new ArrayList<>();
        if (OF_OBJECT.contains(name)) {
            return facts;
        }
        JavaType.Method first = overloads.getFirst();
        if (first.returns() != null && overloads.stream().allMatch(method -> first.returns().equals(method.returns()))) {
            facts.add(new Fact(Topic.RETURNS, subject, first.returns().equals("void") ? "nothing" : first.returns(), document, outer, false));
        }
        List<String> declared = overloads.stream().flatMap(method -> method.declared().stream()).distinct().toList();
        List<String> exceptions = !declared.isEmpty() ? declared : overloads.stream().flatMap(method -> method.documented().stream()).distinct().toList();
        if (exceptions.size() == 1) {
            facts.add(new Fact(Topic.THROWS, subject, exceptions.getFirst(), document, outer, false));
        }
        if (overloads.size() == 1) {
            comments(subject, outer, document, first.comment(), false, facts);
        }
        return facts;
    }

    private static void comments(String subject, String outer, int document, JavaType.Comment comment, boolean isOfType, List<Fact> facts) {
        if (comment.since() != null) {
            facts.add(new Fact(Topic.SINCE, subject, comment.since().replaceFirst("^1\\.(\\d{2,})$", "$1"), document, outer, isOfType));
        }
        if (comment.deprecated() || Long.remainderUnsigned(Long.parseUnsignedLong(hash("asked " + subject).substring(0, 15), 16), 16) == 0) {
            String value = !comment.deprecated() ? "No" : comment.replacement() == null ? "Yes" : "Yes, use " + comment.replacement() + " instead";
            facts.add(new Fact(Topic.DEPRECATED, subject, value, document, outer, isOfType));
        }
        if (!comment.summary().isEmpty() && comment.summary().length() <= LONGEST_SUMMARY) {
            facts.add(new Fact(Topic.SUMMARY, subject, comment.summary(), document, outer, isOfType));
        }
    }

    static String withArticle(String kind) {
        return ("aeiou".indexOf(kind.charAt(0)) >= 0 ? "an " : "a ") + kind;
    }

    static String outermost(String name) {
        int dot = name.indexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }

    private static String hash(String text) {
        return Fingerprint.of(text.getBytes(StandardCharsets.UTF_8)).toString();
    }

    /// A number in [0, 1) that depends on the text alone.
    private static double share(String text) {
        return Long.parseLong(hash(text).substring(0, 12), 16) / (double) (1L << 48);
    }
}
