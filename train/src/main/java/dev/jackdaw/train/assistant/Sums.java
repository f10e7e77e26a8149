package dev.jackdaw.train.assistant;

import dev.jackdaw.agent.ability.Calculator;
import dev.jackdaw.model.chat.Message;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/// Problems for the calculator: bare sums, questions, and stories. An answer calls the tool, sees its result, and says it.
///
/// The examination has other numbers (pairs of numbers are divided by a hash) and other stories: their nouns, people and sentences are not
/// among the learned ones.
final class Sums {
    /// One way to say it. `{a}` and `{b}` are the numbers, `{n}` is a thing, `{w}` a person.
    private record Story(char operator, String text) {
    }

    private static final String[] ASKING = {"What is {e}?", "Calculate {e}.", "{e}", "How much is {e}?", "What does {e} make?", "{e} = ?", "Work out {e}.", "Compute {e}", "Please calculate {e}.", "Tell me {e}."};
    private static final String[] ASKING_WORDS = {"What is {e}?", "How much is {e}?", "Calculate {e}.", "Tell me {e}."};
    private static final List<Story> LEARNED = List.of(
        new Story('*', "{w} buys {a} boxes with {b} {n} each. How many {n} is that?"), new Story('*', "There are {a} shelves with {b} {n} on each. How many {n} are there?"),
        new Story('*', "A box holds {a} {n}. How many {n} are in {b} boxes?"), new Story('*', "{w} makes {a} {n} every day. How many {n} in {b} days?"),
        new Story('*', "One of the {n} costs {a} coins. What do {b} {n} cost?"), new Story('*', "{a} rows of {b} {n} each: how many {n}?"),
        new Story('+', "{w} has {a} {n} and gets {b} more. How many {n} now?"), new Story('+', "{w} has {a} {n} and a friend has {b} {n}. How many do they have together?"),
        new Story('+', "There are {a} {n} in one bag and {b} {n} in another. How many {n} altogether?"), new Story('+', "{w} finds {a} {n} and then {b} more {n}. How many in total?"),
        new Story('-', "{w} has {a} {n} and gives away {b}. How many {n} are left?"), new Story('-', "There were {a} {n}. {b} of them were sold. How many remain?"),
        new Story('-', "{w} had {a} {n} and lost {b}. How many {n} are left?"), new Story('-', "Of {a} {n}, {b} are broken. How many are not broken?"),
        new Story('/', "{w} shares {a} {n} among {b} children. How many does each get?"), new Story('/', "{a} {n} are divided equally into {b} boxes. How many {n} are in each box?"),
        new Story('/', "{a} {n} are packed in bags of {b}. How many bags are needed?"), new Story('/', "{b} friends share {a} {n} equally. How many {n} does each one get?"));
    private static final List<Story> EXAMINED = List.of(
        new Story('*', "{w} packs {a} boxes with {b} {n} each. How many {n} is that?"), new Story('*', "There are {a} tables with {b} {n} on each. How many {n} are there?"),
        new Story('*', "A bag holds {a} {n}. How many {n} are in {b} bags?"), new Story('*', "{w} draws {a} {n} every day. How many {n} in {b} days?"),
        new Story('+', "{w} has {a} {n} and finds {b} more. How many {n} now?"), new Story('+', "{w} has {a} {n} and a neighbour has {b} {n}. How many do they have together?"),
        new Story('+', "There are {a} {n} in one room and {b} {n} in another. How many {n} altogether?"),
        new Story('-', "{w} has {a} {n} and sells {b}. How many {n} are left?"), new Story('-', "There were {a} {n}. {b} of them were stolen. How many remain?"),
        new Story('-', "{w} had {a} {n} and threw away {b}. How many {n} are left?"),
        new Story('/', "{w} shares {a} {n} among {b} guests. How many does each get?"), new Story('/', "{a} {n} are divided equally into {b} bags. How many {n} are in each bag?"),
        new Story('/', "{b} teams share {a} {n} equally. How many {n} does each one get?"));
    private static final String[][] THINGS = {
        {"apples", "books", "pencils", "coins", "cards", "eggs", "flowers", "stamps", "balls", "cups", "stones", "nuts", "shirts", "letters", "tickets"},
        {"oranges", "spoons", "bottles", "pictures", "candles", "marbles", "plates", "cookies"}};
    private static final String[][] PEOPLE = {
        {"A farmer", "A teacher", "My aunt", "A girl", "A boy", "The baker", "My brother", "A child", "The shop"},
        {"A gardener", "My uncle", "A painter", "The cook", "A woman"}};

    private static final int[] DIGITS = {1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4};

    private Sums() {
    }

    /// A problem that is learned, or one that is examined.
    static Exercise next(boolean isExamined, SplittableRandom random) {
        while (true) {
            Exercise problem = random.nextInt(10) < 6 ? bare(random, isExamined) : story(random, isExamined);
            if (problem != null) {
                return problem;
            }
        }
    }

    /// The last bit of a hash of the two numbers decides whether they are examined: a fifth of all pairs.
    private static boolean isExamined(String a, String b) {
        return Math.floorMod((a + " " + b).hashCode() * 0x9E3779B1 >>> 7, 5) == 0;
    }

    /// Most numbers that people ask about are short.
    private static String number(SplittableRandom random) {
        int digits = DIGITS[random.nextInt(DIGITS.length)];
        int most = (int) Math.pow(10, digits);
        return Integer.toString(most / 10 + random.nextInt(most - most / 10));
    }

    private static Exercise bare(SplittableRandom random, boolean isExamined) {
        char operator = "+-*/%^".charAt(new int[] {0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 4, 5}[random.nextInt(14)]);
        String a = number(random), b = number(random);
        if (operator == '^') {
            a = Integer.toString(2 + random.nextInt(98));
            b = Integer.toString(2 + random.nextInt(4));
        } else if (operator == '/') {                              // that has a short end
            b = Integer.toString(2 + random.nextInt(random.nextBoolean() ? 10 : 98));
            a = Long.toString(Long.parseLong(b) * (1 + random.nextInt(99)) + (random.nextInt(8) == 0 ? 1 : 0));
        }
        if (operator == '+' && random.nextInt(4) == 0 || operator == '*' && random.nextInt(6) == 0) {
            a = a + "." + (1 + random.nextInt(9));
        }
        if (isExamined(a, b) != isExamined) {
            return null;
        }
        int form = random.nextInt(8);
        if (form < 2 && operator != '%' && operator != '^') {
            String word = switch (operator) {
                case '+' -> " plus ";
                case '-' -> " minus ";
                case '*' -> " times ";
                default -> " divided by ";
            };
            return exercise(ASKING_WORDS[random.nextInt(ASKING_WORDS.length)].replace("{e}", a + word + b), a + operator + b);
        }
        if (form == 2 && operator != '^') {
            String c = number(random);
            String expression = random.nextBoolean() ? "(" + a + operator + b + ")*" + c : a + operator + b + "+" + c;
            return exercise(ASKING[random.nextInt(ASKING.length)].replace("{e}", expression), expression);
        }
        String shown = random.nextInt(3) == 0 ? a + " " + operator + " " + b : a + operator + b;
        return exercise(ASKING[random.nextInt(ASKING.length)].replace("{e}", shown), a + operator + b);
    }

    private static Exercise story(SplittableRandom random, boolean isExamined) {
        List<Story> stories = isExamined ? EXAMINED : LEARNED;
        Story story = stories.get(random.nextInt(stories.size()));
        int a = 2 + random.nextInt(random.nextInt(3) < 2 ? 98 : 998), b = 2 + random.nextInt(random.nextBoolean() ? 18 : 98);
        if (story.operator == '-' && b > a) {
            int swap = a;
            a = b;
            b = swap;
        } else if (story.operator == '/') {
            a = b * (2 + a % 98);
        }
        if (isExamined(Integer.toString(a), Integer.toString(b)) != isExamined) {
            return null;
        }
        String[] things = THINGS[isExamined ? 1 : 0], people = PEOPLE[isExamined ? 1 : 0];
        String text = story.text.replace("{a}", Integer.toString(a)).replace("{b}", Integer.toString(b)).replace("{n}", things[random.nextInt(things.length)])
                .replace("{w}", people[random.nextInt(people.length)]);
        return exercise(text, a + "" + story.operator + b);
    }

    private static Exercise exercise(String question, String expression) {
        String value = Calculator.calculate(expression);
        if (value.length() > 14) {
            return null;
        }
        Message call = new Message("assistant", "", null, List.of(new Message.ToolCall(null, Calculator.NAME, String.format(Locale.ROOT, "{\"expression\":\"%s\"}", expression))));
        return new Exercise(Exercise.CALCULATOR, List.of(Message.of("user", question), call, Message.of("tool", value), Message.of("assistant", "It is " + value + ".")), value, expression);
    }
}
