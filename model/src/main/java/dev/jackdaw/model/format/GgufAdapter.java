package dev.jackdaw.model.format;

import dev.jackdaw.model.arch.ModelSpec;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Adapters as llama.cpp keeps them: a GGUF file with `general.type` = `adapter`, `adapter.type` = `lora`, `adapter.lora.alpha`, and for each
/// changed tensor NAME the tensors `NAME.lora_a` and `NAME.lora_b`. The scale is alpha / r, or 1 where alpha is 0.
final class GgufAdapter {
    private static final String A = ".lora_a";
    private static final String B = ".lora_b";

    private GgufAdapter() {
    }

    static Lora.Contents read(Path path, ModelSpec spec, Arena arena) throws IOException {
        Gguf file = Gguf.open(path, arena);
        String type = file.text("general.type", "model"), kind = file.text("adapter.type", "");
        if (!type.equals("adapter") || !kind.equals("lora")) {
            throw new IllegalArgumentException("adapter " + path + ": general.type is " + type + (kind.isEmpty() ? "" : " and adapter.type " + kind)
                    + "; expected a LoRA adapter (general.type adapter, adapter.type lora)");
        }
        String architecture = file.text("general.architecture", "");
        if (!architecture.equals(spec.family())) {
            throw new IllegalArgumentException("adapter " + path + ": it is for a model of architecture " + architecture + ", this one is " + spec.family());
        }
        if (file.value("adapter.alora.invocation_tokens").isPresent()) {
            throw new IllegalArgumentException("adapter " + path + ": it is an activated adapter (aLoRA), which begins in the middle of a text; only plain LoRA is supported");
        }
        double alpha = file.real("adapter.lora.alpha", 0);
        List<Lora.Stored> pairs = new ArrayList<>();
        for (GgufTensor tensor : file.tensors()) {
            String name = tensor.name();
            if (name.endsWith(B) && file.hasTensor(name.substring(0, name.length() - B.length()) + A)) {
                continue;
            }
            if (!name.endsWith(A) || !file.hasTensor(name.substring(0, name.length() - A.length()) + B)) {
                throw new IllegalArgumentException("adapter " + path + ": tensor " + name + " is not half of a pair NAME.lora_a, NAME.lora_b");
            }
            String weight = name.substring(0, name.length() - A.length());
            long rank = tensor.shape().size(0);
            pairs.add(new Lora.Stored(weight, Lora.wide(arena, file.tensor(name)), Lora.wide(arena, file.tensor(weight + B)), alpha == 0 ? 1 : (float) (alpha / rank), null));
        }
        return new Lora.Contents(pairs, file.text("general.base_model.0.name", file.text("general.name", null)), true);
    }
}
