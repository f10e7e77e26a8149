package dev.jackdaw.model.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Damage: of bytes, of texts made of a language's own words, and of JSON trees.
public final class Mutations {
    /// Numbers that break careless arithmetic: around signs, powers of two, and sums that wrap.
    static final long[] NASTY = {0, 1, -1, 2, 7, 31, 33, 255, 256, 65_535, 65_536, Long.MAX_VALUE, Long.MIN_VALUE, Integer.MAX_VALUE, Integer.MIN_VALUE, 1L << 31, 1L << 32, 1L << 61, 1L << 62,
        -32, Long.MAX_VALUE - 31, 0xffff_ffffL, 4096, 1_000_000};
    private static final String[] VALUES = {"null", "true", "false", "0", "-1", "1", "2", "3", "1e308", "-0.5", "1e-30", "2147483647", "2147483648", "9223372036854775808", "1e400", "1" + "0".repeat(400), "0.1", "\"\"", "\"a\"",
        "\"x\\u0000y\"", "\"\\ud83d\"", "\"\\u2581\"", "\"(a*)*b\"", "\"\\\\\"", "[]", "{}", "[[]]", "[null]", "{\"\":0}", "[0,1,2]", "[\"a\",\"b\"]", "{\"type\":\"ByteLevel\"}",
        "{\"type\":\"Sequence\",\"normalizers\":[]}", "{\"type\":\"Sequence\",\"pretokenizers\":[{}]}", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\"}",
        "{\"rope_type\":\"yarn\",\"factor\":0}", "{\"type\":\"longrope\",\"short_factor\":[1],\"long_factor\":[\"a\"]}", "{\"rope_type\":\"llama3\",\"factor\":-1}"};

    private Mutations() {
    }

    private static int few(Random random, int most) {
        return random.nextBoolean() ? 1 : 1 + random.nextInt(most);
    }

    public static byte[] noise(Random random, int most) {
        byte[] noise = new byte[random.nextInt(most)];
        random.nextBytes(noise);
        return noise;
    }

    /// A few cuts, copies and wrong numbers, half of them among the first `head` bytes.
    static byte[] bytes(Random random, byte[] good, int head) {
        byte[] bytes = random.nextInt(8) == 0 ? Arrays.copyOf(good, random.nextInt(good.length + 1)) : good.clone();
        for (int i = few(random, 6); i > 0 && bytes.length > 0; i--) {
            int at = random.nextInt(random.nextBoolean() ? Math.min(head, bytes.length) : bytes.length);
            switch (random.nextInt(7)) {
                case 0, 1 -> bytes[at] = (byte) random.nextInt();
                case 2 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 3 -> put(bytes, at, 8, NASTY[random.nextInt(NASTY.length)]);
                case 4 -> put(bytes, at, 4, NASTY[random.nextInt(NASTY.length)]);
                case 5 -> {
                    int from = random.nextInt(bytes.length), length = Math.min(random.nextInt(64), bytes.length - Math.max(from, at));
                    System.arraycopy(bytes, from, bytes, at, length);
                }
                default -> bytes = splice(bytes, at, Math.min(bytes.length, at + random.nextInt(16)), random.nextBoolean() ? new byte[0] : noise(random, 16));
            }
        }
        return bytes;
    }

    private static void put(byte[] bytes, int at, int size, long value) {
        byte[] number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
        System.arraycopy(number, 0, bytes, at, Math.min(size, bytes.length - at));
    }

    private static byte[] splice(byte[] bytes, int from, int to, byte[] middle) {
        byte[] result = Arrays.copyOf(bytes, from + middle.length + bytes.length - to);
        System.arraycopy(middle, 0, result, from, middle.length);
        System.arraycopy(bytes, to, result, from + middle.length, bytes.length - to);
        return result;
    }

    /// A text in the words of its language: parts of good ones moved, doubled, nested, strange characters between.
    static String text(Random random, List<String> good, List<String> words) {
        StringBuilder text = new StringBuilder(good.get(random.nextInt(good.size())));
        for (int i = few(random, 8); i > 0; i--) {
            int at = random.nextInt(text.length() + 1), to = Math.min(text.length(), at + 1 + random.nextInt(20));
            String word = words.get(random.nextInt(words.size()));
            switch (random.nextInt(10)) {
                case 0, 1 -> text.insert(at, word);
                case 2, 3 -> text.replace(at, to, word);
                case 4 -> text.delete(at, to);
                case 5 -> text.insert(random.nextInt(text.length() + 1), text.substring(at, to));
                case 6 -> text.insert(at, Long.toString(NASTY[random.nextInt(NASTY.length)]));
                case 7 -> {
                    String other = good.get(random.nextInt(good.size()));
                    int from = random.nextInt(other.length() + 1);
                    text.insert(at, other, from, Math.min(other.length(), from + random.nextInt(60)));
                }
                case 8 -> text.insert(at, word.repeat(random.nextInt(20) == 0 ? 1 + random.nextInt(20_000) : 1 + random.nextInt(30)));
                default -> text.insert(at, new String(Character.toChars(random.nextBoolean() ? random.nextInt(0x300) : random.nextInt(0x10_ffff))));
            }
        }
        return text.toString();
    }

    /// A tree with other leaves, without some branches, with some twice or far too deep; sometimes broken as text.
    public static byte[] json(Random random, JsonNode good) {
        JsonNode tree = good.deepCopy();
        for (int i = few(random, 4); i > 0; i--) {
            List<JsonNode> inner = new ArrayList<>();
            collect(tree, inner, random);
            if (inner.isEmpty()) {
                break;
            }
            JsonNode value = switch (random.nextInt(12)) {
                case 0 -> inner.get(random.nextInt(inner.size())).deepCopy();
                case 1 -> JsonMapper.shared().getNodeFactory().numberNode(NASTY[random.nextInt(NASTY.length)]);
                case 2 -> deep(random);
                default -> JsonMapper.shared().readTree(VALUES[random.nextInt(VALUES.length)]);
            };
            switch (inner.get(random.nextInt(inner.size()))) {
                case ObjectNode object -> {
                    List<String> names = new ArrayList<>(object.propertyNames());
                    String name = names.isEmpty() ? "x" : names.get(random.nextInt(names.size()));
                    if (random.nextInt(5) == 0) {
                        object.remove(name);
                    } else {
                        object.set(random.nextInt(8) == 0 ? "type" : name, value);
                    }
                }
                case ArrayNode array -> {
                    int at = random.nextInt(array.size() + 1);
                    if (at < array.size() && random.nextInt(3) == 0) {
                        array.remove(at);
                    } else if (at < array.size() && random.nextBoolean()) {
                        array.set(at, value);
                    } else {
                        array.insert(at, value);
                    }
                }
                default -> throw new AssertionError();
            }
        }
        byte[] bytes = tree.toString().getBytes(StandardCharsets.UTF_8);
        return random.nextInt(6) == 0 ? bytes(random, bytes, bytes.length) : bytes;
    }

    private static JsonNode deep(Random random) {
        JsonNode node = JsonMapper.shared().getNodeFactory().objectNode();
        for (int i = random.nextInt(90); i > 0; i--) {
            node = random.nextBoolean() ? JsonMapper.shared().getNodeFactory().arrayNode().add(node) : JsonMapper.shared().getNodeFactory().objectNode().set("items", node);
        }
        return node;
    }

    /// Some of the objects and arrays; of large ones only their beginning is entered.
    private static void collect(JsonNode node, List<JsonNode> inner, Random random) {
        if (!node.isContainer()) {
            return;
        }
        inner.add(node);
        int left = 40;
        for (JsonNode child : node) {
            collect(child, inner, random);
            if (--left == 0) {
                break;
            }
        }
    }
}
