import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// # The second file
///
/// A language model is two files: its parameters, and a program that runs them. This is the program, all of it: no libraries, only the
/// JDK (22 or newer). It is written to be read from top to bottom, and it computes what Jackdaw's fast engine computes.
///
///     java run/Run.java params.gguf "The cat sat on the"
///
/// What happens, in one paragraph. The text is cut into *tokens*, pieces of words, each with a number (chapter 6). Each token's number
/// picks a row of a table: a list of a few hundred numbers, the *embedding*. Those numbers flow through a stack of *layers*. In each layer
/// a token first looks back at the tokens before it (*attention*) and then thinks for itself (*feed-forward*); both only ever add something
/// to its numbers (chapter 3). After the last layer, the numbers are compared with every row of a table as large as the vocabulary: that
/// gives one score, a *logit*, for every token that might come next. We pick one (chapter 2), print it, append it, and go round again
/// (chapter 1). Nothing else happens. All knowledge is in the tables.
///
/// Letters in shapes: C width of a token's numbers, H query heads, K key/value heads, D width of a head, F feed-forward width, V vocabulary.
///
/// Chapters: 1 the loop · 2 choosing a token · 3 the transformer · 4 multiplying by a weight · 5 small mathematics · 6 tokens · 7 the file
public final class Run {
    static final String USAGE = """
        usage: java run/Run.java MODEL.gguf ["PROMPT"] [options]
          --max-tokens N    stop after N new tokens (default 128)
          --temperature T   0 always takes the likeliest token (default); 1 draws from the model's own distribution
          --seed N          a different draw for temperatures above 0 (default 1)
          --ids 1,2,3       give the prompt as token ids, and print the new ids instead of text
          --logits          print the scores of all V possible next tokens, and stop
          --ignore-eos      go on past the end-of-text token""";

    // ------------------------------------------------------------------------------------------------------------ 1. The loop

    public static void main(String[] args) throws IOException {
        Map<String, String> options = new HashMap<>(Map.of("--max-tokens", "128", "--temperature", "0", "--seed", "1"));
        List<String> plain = new ArrayList<>();
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--logits", "--ignore-eos" -> options.put(args[i], "");
                case "--max-tokens", "--temperature", "--seed", "--ids" -> options.put(args[i], ++i < args.length ? args[i] : "");
                case String other -> plain.add(other);
            }
        }
        boolean asIds = options.containsKey("--ids");
        if (plain.isEmpty() || plain.size() > (asIds ? 1 : 2) || plain.stream().anyMatch(word -> word.startsWith("--"))) {
            System.err.println(USAGE);
            System.exit(2);
        }
        try {
            run(Path.of(plain.getFirst()), asIds ? null : plain.size() == 2 ? plain.get(1) : "", options);
        } catch (NumberFormatException e) {
            System.err.println("this is not a number: " + e.getMessage() + "\n" + USAGE);
            System.exit(2);
        } catch (IllegalArgumentException e) {
            System.err.println(plain.getFirst() + ": " + e.getMessage());
            System.exit(1);
        } catch (IOException | IndexOutOfBoundsException | ArithmeticException | ClassCastException | NegativeArraySizeException e) {
            System.err.println(plain.getFirst() + ": missing, truncated or corrupt (" + e + ")");
            System.exit(1);
        }
    }

    static void run(Path path, String text, Map<String, String> options) throws IOException {
        int maxTokens = Integer.parseInt(options.get("--max-tokens"));
        float temperature = Float.parseFloat(options.get("--temperature"));
        SplittableRandom random = new SplittableRandom(Long.parseLong(options.get("--seed")));

        GgufFile file = new GgufFile(path);
        Tokenizer tokenizer = text == null ? null : new Tokenizer(file);
        int[] prompt = text == null ? Arrays.stream(options.get("--ids").split(",")).mapToInt(Integer::parseInt).toArray() : tokenizer.encode(text);
        if (prompt.length == 0) {                                // in training, every document began with such a token
            prompt = new int[] {file.value("tokenizer.ggml.bos_token_id", file.value("tokenizer.ggml.eos_token_id", 0))};
        }
        int context = file.value(file.architecture + ".context_length", 2048);
        if (prompt.length > context) {
            throw new IllegalArgumentException("the prompt has " + prompt.length + " tokens; this model takes at most " + context);
        }
        int end = Math.min(context, prompt.length + Math.max(1, maxTokens) - 1);      // the last new token need not go in
        Transformer model = new Transformer(file, end);
        int endOfText = options.containsKey("--ignore-eos") ? -1 : file.value("tokenizer.ggml.eos_token_id", -1);
        if (text != null && !options.containsKey("--logits")) {
            System.out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
        }

        // One token goes in, the scores of its successors come out. Within the prompt we know the successor; after it, we choose.
        int token = prompt[0];
        for (int position = 0; position < end; position++) {
            float[] logits = model.forward(token, position);
            int next = position + 1;
            if (next < prompt.length) {
                token = prompt[next];
                continue;
            }
            if (options.containsKey("--logits")) {
                System.out.print(IntStream.range(0, logits.length).mapToObj(i -> Float.toString(logits[i])).collect(Collectors.joining(" ")));
                break;
            }
            token = choose(logits, temperature, random);
            if (token == endOfText) {
                break;
            }
            if (text == null) {
                System.out.print((next == prompt.length ? "" : ",") + token);
            } else {
                System.out.writeBytes(tokenizer.bytes(token));   // as bytes: a token may end in the middle of a character
            }
            System.out.flush();
        }
        System.out.println();
    }

    // --------------------------------------------------------------------------------------------------- 2. Choosing a token

    /// From one score per token to one token. *Softmax* turns scores into probabilities: p = e^(score/temperature) / sum. A low
    /// temperature sharpens them, a high one flattens them; at 0 only the best score is left, and no dice are needed.
    static int choose(float[] logits, float temperature, SplittableRandom random) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        if (temperature == 0) {
            return best;
        }
        float[] probabilities = new float[logits.length];
        for (int i = 0; i < logits.length; i++) {
            probabilities[i] = logits[i] / temperature;
        }
        Maths.softmax(probabilities, logits.length);
        double ball = random.nextDouble();                       // a roulette wheel whose slots are as wide as the probabilities
        int slot = 0;
        while (slot < logits.length - 1 && (ball -= probabilities[slot]) >= 0) {
            slot++;
        }
        return slot;
    }
}

// --------------------------------------------------------------------------------------------------------- 3. The transformer

/// One token's way through the model. It works on one token at a time; what later tokens need of it, its keys and values, is kept.
final class Transformer {
    /// One layer's weights, with their names in the file.
    record Layer(float[] attentionNorm,      // blk.N.attn_norm    [C]
                 Weight q,                   // blk.N.attn_q       [H·D,C]
                 Weight k,                   // blk.N.attn_k       [K·D,C]
                 Weight v,                   // blk.N.attn_v       [K·D,C]
                 float[] qNorm,              // blk.N.attn_q_norm  [D], absent in llama models
                 float[] kNorm,              // blk.N.attn_k_norm  [D]
                 Weight output,              // blk.N.attn_output  [C,H·D]
                 float[] feedForwardNorm,    // blk.N.ffn_norm     [C]
                 Weight gate,                // blk.N.ffn_gate     [F,C]
                 Weight up,                  // blk.N.ffn_up       [F,C]
                 Weight down) {              // blk.N.ffn_down     [C,F]
    }

    final int C, H, K, D, F, V;
    final float epsilon;
    final boolean neighbours;                // llama files turn pairs (0,1), (2,3), …; qwen3 files pairs (0,D/2), (1,D/2+1), …
    final double[] frequencies;              // [D/2] how fast each pair turns, in radians per position
    final Weight embedding;                  // token_embd         [V,C]
    final Layer[] layers;
    final float[] finalNorm;                 // output_norm        [C]
    final Weight head;                       // output             [V,C]; absent where the embedding serves twice ("tied")
    final float[][] keys;                    // the KV cache: for each layer [positions,K·D]
    final float[][] values;

    Transformer(GgufFile file, int positions) {
        String prefix = file.architecture + ".";
        if (!file.architecture.equals("qwen3") && !file.architecture.equals("llama") || file.value(prefix + "expert_count", 0) > 0) {
            throw new IllegalArgumentException("architecture " + file.architecture + " is not supported; this program runs qwen3 and llama without experts");
        }
        embedding = file.weight("token_embd.weight");
        V = embedding.rows();
        C = embedding.columns();
        H = file.value(prefix + "attention.head_count", 0);
        K = file.value(prefix + "attention.head_count_kv", H);
        D = file.value(prefix + "attention.key_length", C / Math.max(1, H));
        F = file.value(prefix + "feed_forward_length", 0);
        epsilon = file.value(prefix + "attention.layer_norm_rms_epsilon", 1e-6f);
        neighbours = file.architecture.equals("llama");

        float base = file.value(prefix + "rope.freq_base", 10_000f);
        float[] factors = file.has("rope_freqs.weight") ? file.vector("rope_freqs.weight") : null;       // Llama 3 slows some pairs down
        frequencies = new double[D / 2];
        for (int j = 0; j < D / 2; j++) {
            frequencies[j] = Math.pow(base, -2.0 * j / D) / (factors == null ? 1 : factors[j]);
        }

        layers = new Layer[file.value(prefix + "block_count", 0)];
        for (int i = 0; i < layers.length; i++) {
            String block = "blk." + i + ".";
            boolean hasNorms = file.has(block + "attn_q_norm.weight");
            layers[i] = new Layer(file.vector(block + "attn_norm.weight"),
                file.weight(block + "attn_q.weight", H * D, C), file.weight(block + "attn_k.weight", K * D, C), file.weight(block + "attn_v.weight", K * D, C),
                hasNorms ? file.vector(block + "attn_q_norm.weight") : null, hasNorms ? file.vector(block + "attn_k_norm.weight") : null,
                file.weight(block + "attn_output.weight", C, H * D), file.vector(block + "ffn_norm.weight"),
                file.weight(block + "ffn_gate.weight", F, C), file.weight(block + "ffn_up.weight", F, C), file.weight(block + "ffn_down.weight", C, F));
        }
        finalNorm = file.vector("output_norm.weight");
        head = file.has("output.weight") ? file.weight("output.weight", V, C) : embedding;
        keys = new float[layers.length][positions * K * D];
        values = new float[layers.length][positions * K * D];
    }

    /// The scores of all tokens that may follow `token`, which stands at `position`; everything before it has been here already.
    float[] forward(int token, int position) {
        if (token < 0 || token >= V) {
            throw new IllegalArgumentException("token id " + token + " does not exist; the vocabulary has " + V + " tokens, 0 to " + (V - 1));
        }
        float[] x = embedding.row(token);                                        // [C] the token's numbers, the "residual stream"
        for (int i = 0; i < layers.length; i++) {
            Layer layer = layers[i];
            Maths.add(x, attention(layer, Maths.rmsNorm(x, layer.attentionNorm, epsilon), i, position));      // look back …
            Maths.add(x, feedForward(layer, Maths.rmsNorm(x, layer.feedForwardNorm, epsilon)));               // … and think
        }
        return head.times(Maths.rmsNorm(x, finalNorm, epsilon));                 // [V]
    }

    /// Each head asks a question of all tokens up to this one, and takes home a mixture of their answers.
    ///
    /// A token makes a query q ("what am I looking for"), a key k ("what do I have") and a value v ("what I tell"). The weight that a token
    /// gives to another is softmax(q · k / √D), so it sums to 1 over all positions. Several query heads share one key/value head.
    private float[] attention(Layer layer, float[] x, int layerIndex, int position) {
        float[] q = layer.q.times(x);                                            // [H,D]
        float[] k = layer.k.times(x);                                            // [K,D]
        float[] v = layer.v.times(x);                                            // [K,D]
        if (layer.qNorm != null) {
            Maths.rmsNormHeads(q, layer.qNorm, epsilon);
            Maths.rmsNormHeads(k, layer.kNorm, epsilon);
        }
        rotate(q, position);
        rotate(k, position);
        float[] cachedKeys = keys[layerIndex];
        float[] cachedValues = values[layerIndex];
        System.arraycopy(k, 0, cachedKeys, position * K * D, K * D);
        System.arraycopy(v, 0, cachedValues, position * K * D, K * D);

        float[] mixed = new float[H * D];                                        // [H,D]
        Maths.share(H, (long) H * D * position, h -> {
            int shared = h / (H / K) * D;                                        // where this head's keys and values begin in a row
            float[] weights = new float[position + 1];
            for (int t = 0; t <= position; t++) {
                weights[t] = (float) (Maths.dot(q, h * D, cachedKeys, t * K * D + shared, D) / Math.sqrt(D));
            }
            Maths.softmax(weights, position + 1);
            for (int t = 0; t <= position; t++) {
                for (int d = 0; d < D; d++) {
                    mixed[h * D + d] += weights[t] * cachedValues[t * K * D + shared + d];
                }
            }
        });
        return layer.output.times(mixed);                                        // [C]
    }

    /// SwiGLU: F little detectors (`gate`) decide how much of F other numbers (`up`) is written back (`down`).
    private float[] feedForward(Layer layer, float[] x) {
        float[] gate = layer.gate.times(x);                                      // [F]
        float[] up = layer.up.times(x);                                          // [F]
        for (int i = 0; i < F; i++) {
            gate[i] = (float) (gate[i] / (1 + Math.exp(-gate[i]))) * up[i];      // silu(gate) · up
        }
        return layer.down.times(gate);                                           // [C]
    }

    /// Rotary position: each pair of numbers in a head is a point in the plane, turned by an angle that grows with the position. The dot
    /// product of a query and a key then depends on how far apart they are, not on where they stand. Some pairs turn fast (near words),
    /// some slowly (far words).
    private void rotate(float[] heads, int position) {
        for (int h = 0; h < heads.length; h += D) {
            for (int j = 0; j < D / 2; j++) {
                int first = h + (neighbours ? 2 * j : j);
                int second = neighbours ? first + 1 : first + D / 2;
                double angle = position * frequencies[j];
                float cos = (float) Math.cos(angle);
                float sin = (float) Math.sin(angle);
                float a = heads[first];
                float b = heads[second];
                heads[first] = a * cos - b * sin;
                heads[second] = b * cos + a * sin;
            }
        }
    }
}

// ---------------------------------------------------------------------------------------------- 4. Multiplying by a weight

/// A matrix `[rows,columns]` that stays in the mapped file, in the number format it has there.
///
/// Nearly all time is spent in [#times]: every number of every weight is read once for each token. That is why smaller formats are also
/// faster. F16 has 16 bits; BF16 is the upper half of a 32-bit float; Q8_0 keeps blocks of 32 signed bytes that share a 16-bit scale.
record Weight(MemorySegment data, Format format, int rows, int columns) {
    enum Format {
        F32(1, 4), F16(1, 2), BF16(1, 2), Q8_0(32, 34);

        final int numbers, bytes;            // of one block

        Format(int numbers, int bytes) {
            this.numbers = numbers;
            this.bytes = bytes;
        }
    }

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// y = W x: each row's dot product with x. Rows are independent, so all processors can share them, a few at a time.
    float[] times(float[] x) {
        float[] y = new float[rows];
        Maths.share((rows + 15) / 16, (long) rows * columns, group -> {
            float[] w = new float[columns];
            for (int row = 16 * group; row < Math.min(rows, 16 * group + 16); row++) {
                read(row, w);
                y[row] = Maths.dot(w, 0, x, 0, columns);
            }
        });
        return y;
    }

    float[] row(int row) {
        float[] w = new float[columns];
        read(row, w);
        return w;
    }

    /// One row as floats, into w.
    private void read(int row, float[] w) {
        long at = (long) row * columns / format.numbers * format.bytes;
        switch (format) {
            case F32 -> MemorySegment.copy(data, FLOAT, at, w, 0, columns);
            case F16 -> {
                for (int i = 0; i < columns; i++) {
                    w[i] = Float.float16ToFloat(data.get(SHORT, at + 2L * i));
                }
            }
            case BF16 -> {
                for (int i = 0; i < columns; i++) {
                    w[i] = Float.intBitsToFloat(data.get(SHORT, at + 2L * i) << 16);
                }
            }
            case Q8_0 -> {
                for (int i = 0; i < columns; i += 32, at += 34) {
                    float scale = Float.float16ToFloat(data.get(SHORT, at));
                    for (int j = 0; j < 32; j++) {
                        w[i + j] = scale * data.get(ValueLayout.JAVA_BYTE, at + 2 + j);
                    }
                }
            }
        }
    }
}

// ------------------------------------------------------------------------------------------------------ 5. Small mathematics

final class Maths {
    /// Does parts 0 to n-1, on all processors if there is enough work to be worth waking them.
    static void share(int n, long multiplications, IntConsumer part) {
        IntStream parts = IntStream.range(0, n);
        (multiplications < 100_000 ? parts : parts.parallel()).forEach(part);
    }

    /// Scales x to an average square of 1, then each number by its learned weight: y = x / √(mean(x²) + ε) · w.
    static float[] rmsNorm(float[] x, float[] weight, float epsilon) {
        float[] y = x.clone();
        rmsNormHeads(y, weight, epsilon);
        return y;
    }

    /// The same in place, for each head by itself.
    static void rmsNormHeads(float[] x, float[] weight, float epsilon) {
        int width = weight.length;
        for (int from = 0; from < x.length; from += width) {
            double squares = 0;
            for (int i = 0; i < width; i++) {
                squares += (double) x[from + i] * x[from + i];
            }
            float scale = (float) (1 / Math.sqrt(squares / width + epsilon));
            for (int i = 0; i < width; i++) {
                x[from + i] *= scale * weight[i];
            }
        }
    }

    /// From scores to probabilities, in place. Subtracting the largest first changes nothing but keeps e^x from overflowing.
    static void softmax(float[] x, int n) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, x[i]);
        }
        double sum = 0;
        for (int i = 0; i < n; i++) {
            x[i] = (float) Math.exp(x[i] - max);
            sum += x[i];
        }
        for (int i = 0; i < n; i++) {
            x[i] /= (float) sum;
        }
    }

    /// Four sums at once: one alone would wait for each addition to finish before the next could begin.
    static float dot(float[] x, int xFrom, float[] y, int yFrom, int n) {
        float a = 0, b = 0, c = 0, d = 0;
        for (int i = 0; i + 3 < n; i += 4) {
            a += x[xFrom + i] * y[yFrom + i];
            b += x[xFrom + i + 1] * y[yFrom + i + 1];
            c += x[xFrom + i + 2] * y[yFrom + i + 2];
            d += x[xFrom + i + 3] * y[yFrom + i + 3];
        }
        for (int i = n / 4 * 4; i < n; i++) {
            a += x[xFrom + i] * y[yFrom + i];
        }
        return a + b + (c + d);
    }

    static void add(float[] x, float[] y) {
        for (int i = 0; i < x.length; i++) {
            x[i] += y[i];
        }
    }
}

// ------------------------------------------------------------------------------------------------------------------ 6. Tokens

/// Byte-level byte-pair encoding. Text is bytes; a vocabulary of 256 bytes could spell everything, but slowly. So training joined the pair
/// of pieces that occurs most often into a new piece, again and again, and wrote down the joins in order: the *merges*. Encoding repeats
/// them. In the file each byte is written as one printable character (a space as Ġ), so that pieces can be listed as text.
final class Tokenizer {
    /// Where words may be cut before anything is joined; no piece reaches across. From the model families that introduced them.
    private static final Map<String, String> SPLITS = Map.of(
        "llama-bpe", "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        "qwen2", "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+");

    private final List<String> tokens;
    private final List<Integer> types;                           // 1 ordinary, 3 control (such as <|im_end|>), 4 added by hand, …
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<String, Integer> ranks = new HashMap<>();  // "left right" → how early the pair was joined
    private final Pattern split;
    private final Pattern whole;                                 // tokens that are found before the text is split
    private final boolean wholeWordsFirst;
    private final int beginning;                                 // put before every text, or -1
    private final char[] charOfByte = new char[256];
    private final Map<Character, Integer> byteOfChar = new HashMap<>();

    Tokenizer(GgufFile file) {
        String kind = file.value("tokenizer.ggml.model", "none");
        String splitName = file.value("tokenizer.ggml.pre", "none");
        if (!kind.equals("gpt2") || !SPLITS.containsKey(splitName)) {
            throw new IllegalArgumentException("its tokenizer (" + kind + ", " + splitName + ") is not byte-level BPE split as one of " + SPLITS.keySet() + "; give token ids with --ids");
        }
        tokens = file.value("tokenizer.ggml.tokens", List.of());
        types = file.value("tokenizer.ggml.token_type", List.of());
        for (int i = 0; i < tokens.size(); i++) {
            if (types.get(i) != 3) {
                ids.put(tokens.get(i), i);
            }
        }
        List<String> merges = file.value("tokenizer.ggml.merges", List.of());
        for (int i = 0; i < merges.size(); i++) {
            ranks.put(merges.get(i), i);
        }
        split = Pattern.compile(SPLITS.get(splitName), Pattern.UNICODE_CHARACTER_CLASS);
        whole = Pattern.compile(IntStream.range(0, tokens.size()).filter(i -> types.get(i) == 4).mapToObj(tokens::get)
            .sorted(Comparator.comparing(String::length).reversed()).map(token -> "|" + Pattern.quote(token)).collect(Collectors.joining("", "(?!)", "")));
        wholeWordsFirst = splitName.equals("llama-bpe");
        beginning = file.value("tokenizer.ggml.add_bos_token", splitName.equals("llama-bpe")) ? file.value("tokenizer.ggml.bos_token_id", -1) : -1;

        // Printable Latin characters stand for themselves; the other bytes, in order, for the characters from 256 on.
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae;
            charOfByte[b] = (char) (printable ? b : next++);
            byteOfChar.put(charOfByte[b], b);
        }
    }

    int[] encode(String text) {
        List<Integer> result = new ArrayList<>();
        if (beginning >= 0) {
            result.add(beginning);
        }
        int from = 0;
        for (Matcher found = whole.matcher(text); found.find(); from = found.end()) {
            encode(text.substring(from, found.start()), result);
            result.add(ids.get(found.group()));
        }
        encode(text.substring(from), result);
        return result.stream().mapToInt(Integer::intValue).toArray();
    }

    private void encode(String text, List<Integer> result) {
        for (Matcher word = split.matcher(text); word.find(); ) {
            StringBuilder spelled = new StringBuilder();
            for (byte b : word.group().getBytes(StandardCharsets.UTF_8)) {
                spelled.append(charOfByte[b & 0xff]);
            }
            if (wholeWordsFirst && ids.containsKey(spelled.toString())) {
                result.add(ids.get(spelled.toString()));
            } else {
                merge(new ArrayList<>(spelled.chars().mapToObj(Character::toString).toList()), result);
            }
        }
    }

    /// Joins the pair that was joined earliest in training, until no known pair is left.
    private void merge(List<String> pieces, List<Integer> result) {
        while (true) {
            int best = -1;
            int bestRank = Integer.MAX_VALUE;
            for (int i = 0; i + 1 < pieces.size(); i++) {
                int rank = ranks.getOrDefault(pieces.get(i) + " " + pieces.get(i + 1), Integer.MAX_VALUE);
                if (rank < bestRank) {
                    best = i;
                    bestRank = rank;
                }
            }
            if (best < 0) {
                break;
            }
            pieces.set(best, pieces.get(best) + pieces.remove(best + 1));
        }
        for (String piece : pieces) {
            Integer id = ids.get(piece);
            if (id == null) {
                throw new IllegalArgumentException("the vocabulary has no token for " + piece);
            }
            result.add(id);
        }
    }

    /// The bytes a token stands for: none for control tokens.
    byte[] bytes(int id) {
        String token = types.get(id) == 3 ? "" : tokens.get(id);
        if (!token.chars().allMatch(c -> byteOfChar.containsKey((char) c))) {
            return token.getBytes(StandardCharsets.UTF_8);
        }
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (int) byteOfChar.get(token.charAt(i));
        }
        return bytes;
    }
}

// ---------------------------------------------------------------------------------------------------------------- 7. The file

/// GGUF, the file format of llama.cpp: a header, named values, a list of tensors, then their numbers. The file is mapped into memory, not
/// read: the operating system fetches each page when it is first touched, and may drop it again.
final class GgufFile {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final Map<Integer, Weight.Format> FORMATS = Map.of(0, Weight.Format.F32, 1, Weight.Format.F16, 8, Weight.Format.Q8_0, 30, Weight.Format.BF16);

    private record Tensor(long[] sizes, int type, long offset) { }

    final String architecture;
    private final MemorySegment data;
    private final Map<String, Object> values = new HashMap<>();
    private final Map<String, Tensor> tensors = new HashMap<>();
    private final long numbers;                                  // where the numbers begin; offsets count from here
    private long position;

    GgufFile(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            data = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.global());
        }
        int magic = readInt();
        int version = readInt();
        if (magic != 0x46554747 || version < 2 || version > 3) {
            throw new IllegalArgumentException("this is not a GGUF file of version 2 or 3");
        }
        long tensorCount = readLong();
        long valueCount = readLong();
        for (long i = 0; i < valueCount; i++) {
            values.put(readText(), readValue(readInt()));
        }
        for (long i = 0; i < tensorCount; i++) {
            String name = readText();
            long[] sizes = new long[readInt()];
            for (int j = sizes.length - 1; j >= 0; j--) {
                sizes[j] = readLong();                           // the file lists the innermost size first
            }
            tensors.put(name, new Tensor(sizes, readInt(), readLong()));
        }
        int alignment = value("general.alignment", 32);
        numbers = (position + alignment - 1) / alignment * alignment;
        architecture = value("general.architecture", "unknown");
    }

    private byte readByte() {
        return data.get(ValueLayout.JAVA_BYTE, position++);
    }

    private int readInt() {
        position += 4;
        return data.get(INT, position - 4);
    }

    private long readLong() {
        position += 8;
        return data.get(LONG, position - 8);
    }

    private String readText() {
        long length = readLong();
        position += length;
        return new String(data.asSlice(position - length, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    private Object readValue(int type) {
        return switch (type) {
            case 0, 1 -> (int) readByte();
            case 2, 3 -> readByte() & 0xff | readByte() << 8;
            case 4, 5 -> readInt();
            case 6 -> Float.intBitsToFloat(readInt());
            case 7 -> readByte() != 0;
            case 8 -> readText();
            case 9 -> {
                int elementType = readInt();
                long count = readLong();
                List<Object> list = new ArrayList<>();
                for (long i = 0; i < count; i++) {
                    list.add(readValue(elementType));
                }
                yield list;
            }
            case 10, 11, 12 -> readLong();
            default -> throw new IllegalArgumentException("value type " + type + " is unknown");
        };
    }

    /// A named value, which has the type of `otherwise`, or `otherwise` if the file does not have it.
    @SuppressWarnings("unchecked")
    <T> T value(String key, T otherwise) {
        return (T) values.getOrDefault(key, otherwise);
    }

    boolean has(String tensor) {
        return tensors.containsKey(tensor);
    }

    float[] vector(String name) {
        return weight(name).row(0);
    }

    /// A tensor that has the shape `expected`, or any if that is empty.
    Weight weight(String name, int... expected) {
        Tensor tensor = tensors.get(name);
        Weight.Format format = tensor == null ? null : FORMATS.get(tensor.type);
        if (format == null) {
            throw new IllegalArgumentException("tensor " + name + (tensor == null ? " is missing" : " has type " + tensor.type + "; this program reads F32 (0), F16 (1), Q8_0 (8) and BF16 (30)"));
        }
        int columns = Math.toIntExact(tensor.sizes[tensor.sizes.length - 1]);
        int rows = Math.toIntExact(Arrays.stream(tensor.sizes).reduce(1, Math::multiplyExact) / columns);
        if (expected.length == 2 && (expected[0] != rows || expected[1] != columns)) {
            throw new IllegalArgumentException("tensor " + name + " is [" + rows + "," + columns + "]; expected " + Arrays.toString(expected));
        }
        return new Weight(data.asSlice(numbers + tensor.offset, (long) rows * columns / format.numbers * format.bytes), format, rows, columns);
    }
}
