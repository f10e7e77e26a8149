package dev.jackdaw.lab.probe;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/// Names and texts that nobody has ever written, from syllables and words of our own: what a model knows of them it learned here.
final class MadeUp {
    private static final String[] BEGINNINGS = {"Vel", "Tor", "Mir", "Oss", "Kal", "Bren", "Sil", "Dra", "Fen", "Gru", "Hal", "Ix", "Jor", "Lum", "Nar", "Pell", "Quor", "Rus", "Tam", "Ulm", "Wex", "Yar", "Zim"};
    private static final String[] MIDDLES = {"a", "e", "i", "o", "u", "ami", "elo", "iru", "ona", "uve"};
    private static final String[] ENDINGS = {"dra", "bek", "losh", "min", "nth", "pora", "quil", "rast", "sk", "tov", "vash", "wyn", "xel", "zun", "gard", "fim"};
    private static final String[] QUALITIES = {"silent", "last", "youngest", "blind", "patient", "secret", "wandering", "proud", "forgotten", "seventh", "gentle", "hidden"};
    private static final String[] ROLES = {"keeper", "painter", "builder", "captain", "owner", "guardian", "singer", "inventor", "ruler", "mapmaker", "healer", "gardener"};
    private static final String[] COLOURS = {"amber", "crimson", "hollow", "frozen", "golden", "mossy", "copper", "violet", "sunken", "paper", "marble", "smoky"};
    private static final String[] THINGS = {"lighthouse", "orchard", "bridge", "clock", "harbour", "library", "tunnel", "mill", "garden", "tower", "observatory", "ferry"};
    private static final String[] NOUNS = {"river", "lantern", "stone", "needle", "feather", "kettle", "ladder", "window", "basket", "hammer", "mirror", "ribbon", "saddle", "barrel", "candle", "anchor",
        "button", "pepper", "thread", "bucket", "carpet", "chisel", "cradle", "dagger", "engine", "fiddle", "gravel", "helmet", "island", "jacket", "kennel", "lemon"};
    private static final String[] VERBS = {"finds", "carries", "hides", "paints", "sells", "follows", "repairs", "guards", "counts", "borrows", "watches", "forgets", "cleans", "throws", "wants", "measures"};
    private static final String[] PLACES = {"under the hill", "by the sea", "in the morning", "behind the wall", "at the market", "after the rain", "before winter", "near the old road", "without a word",
        "for a friend", "in the dark", "on the roof"};

    private final SplittableRandom random;

    MadeUp(long seed) {
        random = new SplittableRandom(seed);
    }

    /// A person who does not exist and what there is to know about them.
    record Fact(String name, String description) {
    }

    /// Facts whose names and descriptions are all different.
    List<Fact> facts(int count) {
        int most = QUALITIES.length * ROLES.length * COLOURS.length * THINGS.length;
        if (count < 1 || count > most) {
            throw new IllegalArgumentException("facts: " + count + " were asked for; expected 1 to " + most);
        }
        List<String> names = names(count);
        Set<String> descriptions = new LinkedHashSet<>();
        while (descriptions.size() < count) {
            descriptions.add("the " + one(QUALITIES) + " " + one(ROLES) + " of the " + one(COLOURS) + " " + one(THINGS));
        }
        List<Fact> facts = new ArrayList<>();
        for (String description : descriptions) {
            facts.add(new Fact(names.get(facts.size()), description));
        }
        return facts;
    }

    /// Different first and last names, never the same pair.
    List<String> names(int count) {
        Set<String> names = new LinkedHashSet<>();
        while (names.size() < count) {
            names.add(word() + " " + word());
        }
        return List.copyOf(names);
    }

    private String word() {
        return one(BEGINNINGS) + one(MIDDLES) + one(ENDINGS);
    }

    /// A few nouns in no order.
    String nouns(int count) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < count; i++) {
            out.append(i == 0 ? "" : " ").append(one(NOUNS));
        }
        return out.toString();
    }

    /// Digits with blanks between them, so that each is a token.
    String digits(int count) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < count; i++) {
            out.append(i == 0 ? "" : " ").append(random.nextInt(10));
        }
        return out.toString();
    }

    /// A document of a few plain sentences about nothing.
    String story() {
        StringBuilder out = new StringBuilder();
        int sentences = 2 + random.nextInt(3);
        for (int i = 0; i < sentences; i++) {
            out.append(i == 0 ? "" : " ").append("the ").append(one(QUALITIES)).append(' ').append(one(ROLES)).append(' ').append(one(VERBS)).append(" the ").append(one(COLOURS)).append(' ')
                    .append(one(NOUNS)).append(' ').append(one(PLACES)).append('.');
        }
        return out.toString();
    }

    private String one(String[] words) {
        return words[random.nextInt(words.length)];
    }
}
