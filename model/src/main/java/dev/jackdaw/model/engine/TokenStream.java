package dev.jackdaw.model.engine;

import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.TokenProbability;
import java.lang.ref.Cleaner;

/// The answer to one request, token by token. For one reader.
///
/// ```java
/// try (TokenStream stream = engine.submit(request)) {
///     while (stream.next()) {
///         print(stream.text());
///     }
/// }
/// ```
///
/// A reader that is slow makes its own text wait, nobody else's. One that closes the stream before the end, or forgets it, ends the text.
public final class TokenStream implements AutoCloseable {
    private static final Cleaner CLEANER = Cleaner.create();

    private final Channel channel;
    private final Cleaner.Cleanable forgotten;
    private int id = -1;
    private int count;
    private String text = "";
    private TokenProbability probability;

    TokenStream(Channel channel) {
        this.channel = channel;
        forgotten = CLEANER.register(this, channel::cancel);
    }

    /// Waits for the next token; false at the end of the text.
    ///
    /// @throws IllegalStateException if the engine could not go on with this text; it says why
    public boolean next() throws InterruptedException {
        return channel.take(this);
    }

    void set(int id, String text, TokenProbability probability) {
        this.id = id;
        count += id >= 0 ? 1 : 0;
        this.text = text;
        this.probability = probability;
    }

    /// The token; -1 for what remains of the text after the last one.
    public int id() {
        return id;
    }

    /// Tokens that were read so far.
    public int count() {
        return count;
    }

    /// What it adds to the text: whole characters, never part of a stop string, often nothing. Empty without a tokenizer.
    public String text() {
        return text;
    }

    /// How likely it was; null unless the request asks for probabilities.
    public TokenProbability probability() {
        return probability;
    }

    /// Reads on to the end; all that came out.
    public Generator.Result result() throws InterruptedException {
        while (next()) {
            // only the whole is wanted
        }
        return channel.result();
    }

    /// Prompt tokens that the engine did not have to read, since an earlier text began the same way. Known at the end of the text.
    public int sharedTokens() {
        return channel.shared();
    }

    /// Ends the text where it is; what was written so far can still be read.
    public void cancel() {
        channel.cancel();
    }

    /// Ends the text, if it is not over.
    @Override
    public void close() {
        forgotten.clean();
    }
}
