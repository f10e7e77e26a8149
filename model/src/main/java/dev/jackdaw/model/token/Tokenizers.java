package dev.jackdaw.model.token;

import dev.jackdaw.model.format.Gguf;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// Opens tokenizers of any kind.
public final class Tokenizers {
    private Tokenizers() {
    }

    /// Reads the tokenizer of a `.gguf` file, a `tokenizer.json`, a `tokenizer.model`, or the folder that holds one (a training run's folder
    /// too). A `tokenizer_config.json` beside it says which tokens begin and end a text, `generation_config.json` which end an answer.
    public static Tokenizer read(Path fileOrFolder) throws IOException {
        Path file = file(fileOrFolder);
        Kind kind = kind(file);
        if (kind == Kind.GGUF) {
            try (Arena arena = Arena.ofConfined()) {
                return read(Gguf.open(file, arena));
            }
        }
        Path beside = file.resolveSibling("tokenizer_config.json");
        TokenizerConfig config = Files.isRegularFile(beside) ? TokenizerConfig.read(beside) : null;
        byte[] bytes = TokenizerJson.bytes(file);
        return kind == Kind.SENTENCE_PIECE ? SentencePieceModel.read(bytes, file.toString(), config) : TokenizerJson.tokenizer(bytes, file.toString(), config);
    }

    private enum Kind { JSON, SENTENCE_PIECE, GGUF }

    /// By the end of its name, and where that tells nothing by its first bytes.
    private static Kind kind(Path file) throws IOException {
        String name = file.getFileName().toString();
        if (name.endsWith(".gguf") || name.endsWith(".json") || name.endsWith(".model")) {
            return name.endsWith(".gguf") ? Kind.GGUF : name.endsWith(".json") ? Kind.JSON : Kind.SENTENCE_PIECE;
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] first = in.readNBytes(4);
            String text = new String(first, StandardCharsets.ISO_8859_1);
            return text.equals("GGUF") ? Kind.GGUF : text.stripLeading().startsWith("{") ? Kind.JSON : Kind.SENTENCE_PIECE;
        }
    }

    private static Path file(Path fileOrFolder) throws IOException {
        if (!Files.isDirectory(fileOrFolder)) {
            if (!Files.isRegularFile(fileOrFolder)) {
                throw new IOException(fileOrFolder + ": there is no such file; expected a tokenizer.json, a tokenizer.model, a GGUF file, or a folder with one");
            }
            return fileOrFolder;
        }
        for (String name : new String[] {"tokenizer.json", "tokenizer.model", "params.gguf"}) {
            if (Files.isRegularFile(fileOrFolder.resolve(name))) {
                return fileOrFolder.resolve(name);
            }
        }
        throw new IOException(fileOrFolder + ": there is no tokenizer.json, tokenizer.model or params.gguf in this folder");
    }

    /// A tokenizer that must be byte-level BPE, as those trained here are.
    public static BytePairTokenizer readBytePair(Path fileOrFolder) throws IOException {
        if (read(fileOrFolder) instanceof BytePairTokenizer tokenizer) {
            return tokenizer;
        }
        throw new IllegalArgumentException(fileOrFolder + ": this tokenizer is not byte-level BPE, which is needed here");
    }

    /// A number that changes when the tokenizer does: SHA-256, in hexadecimal. Token files keep it, so that no ids are read by another tokenizer
    /// than the one that made them.
    public static String fingerprint(Tokenizer tokenizer) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            switch (tokenizer) {
                case BytePairTokenizer bytes -> digest.update(TokenizerJson.write(bytes.spec()));
                case PipelineTokenizer pieces -> digest.update(pieces.describe().getBytes(StandardCharsets.UTF_8));
                default -> throw new IllegalArgumentException("tokenizer: a " + tokenizer.getClass().getSimpleName() + " has no fingerprint");
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /// The tokenizer in this file.
    public static Tokenizer read(Gguf file) {
        try {
            if (!file.text("tokenizer.ggml.model", "none").equals("gpt2")) {
                return GgufPieces.read(file);
            }
            return new BytePairTokenizer(GgufTokenizer.read(file).spec(), GgufTokenizer.roles(file));
        } catch (IllegalArgumentException e) {
            throw TokenizerJson.brief(e, file.path().toString());
        }
    }
}
