package dev.jackdaw.model.family;

import dev.jackdaw.model.format.FormatException;
import dev.jackdaw.model.format.Gguf;
import dev.jackdaw.model.format.GgufValue;
import dev.jackdaw.tensor.Shape;
import dev.jackdaw.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// The metadata of a GGUF file. `vocab_size` is the number of rows of the embedding, since many files leave the key out.
record GgufFacts(Gguf file, String architecture) implements Facts {
    static GgufFacts of(Gguf file) {
        return new GgufFacts(file, file.text("general.architecture"));
    }

    private String key(String gguf) {
        return gguf.startsWith("/") ? gguf.substring(1) : architecture + "." + gguf;
    }

    private boolean has(String gguf) {
        return gguf != null && file.value(key(gguf)).isPresent();
    }

    @Override
    public Path path() {
        return file.path();
    }

    @Override
    public boolean isGguf() {
        return true;
    }

    @Override
    public int size(String gguf, String config) {
        if (gguf.equals("vocab_size") && file.hasTensor("token_embd.weight")) {
            Shape shape = shape("token_embd.weight");
            return check("the number of rows of token_embd.weight", shape.rank() == 2 ? shape.size(0) : 0);
        }
        return check(key(gguf), integer(key(gguf)));
    }

    @Override
    public int size(String gguf, String config, int otherwise) {
        return !has(gguf) || integer(key(gguf)) == 0 ? otherwise : check(key(gguf), integer(key(gguf)));
    }

    /// One number, or an array with the same number for every layer.
    private long integer(String key) {
        if (!(file.value(key).orElse(null) instanceof GgufValue.Ints)) {
            return file.integer(key);
        }
        long[] values = Arrays.stream(file.integers(key)).distinct().toArray();
        if (values.length != 1) {
            throw wrong(key + " differs from layer to layer: " + Arrays.toString(values) + "; this is not supported");
        }
        return values[0];
    }

    private int check(String key, long value) {
        if (value < 1 || value > Integer.MAX_VALUE) {
            throw wrong(key + " is " + value + "; expected a size of at least 1");
        }
        return (int) value;
    }

    @Override
    public double real(String gguf, String config) {
        return file.real(key(gguf));
    }

    @Override
    public double real(String gguf, String config, double otherwise) {
        return has(gguf) ? file.real(key(gguf)) : otherwise;
    }

    @Override
    public boolean flag(String gguf, String config, boolean otherwise) {
        return has(gguf) ? file.bool(key(gguf), otherwise) : otherwise;
    }

    @Override
    public String text(String gguf, String config, String otherwise) {
        return has(gguf) ? file.text(key(gguf)) : otherwise;
    }

    @Override
    public List<String> list(String gguf, String config) {
        return has(gguf) ? Arrays.stream(file.integers(key(gguf))).mapToObj(Long::toString).toList() : List.of();
    }

    @Override
    public Facts inside(String field) {
        return this;
    }

    @Override
    public boolean hasTensor(String gguf, String config) {
        return gguf != null && file.hasTensor(gguf);
    }

    @Override
    public Shape shape(String tensor) {
        return file.tensorInfo(tensor).shape();
    }

    @Override
    public Tensor tensor(String tensor) {
        return file.tensor(tensor);
    }

    @Override
    public int tensors() {
        return file.tensors().size();
    }

    @Override
    public RuntimeException wrong(String message) {
        return new FormatException(path(), -1, message);
    }
}
