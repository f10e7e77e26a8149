package dev.jackdaw.model.format;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Which tensor gets which type in a quantised file. These are the rules of llama.cpp (`llama-quant.cpp`), learned there by measuring which
/// tensors suffer most: values and the second half of the feed-forward layer, the first and last blocks, the output head.
///
/// Norms, biases, routers and position tables stay as they are. A row that does not fill the blocks of its type gets a larger type with blocks
/// of 32, or else F16.
final class Mixture {
    /// A tensor by its role; where the same role has other names in other architectures, they are all here.
    private enum Role {
        HEAD, EMBEDDING, VALUES, FUSED_QKV, KEYS, ATTENTION_OUT, FFN_DOWN, OTHER;

        /// Fused projections contain the values, so they count as such.
        boolean hasValues() {
            return this == VALUES || this == FUSED_QKV;
        }
    }

    private static final Pattern BLOCK = Pattern.compile("blk\\.(\\d{1,6})\\..*");
    /// Parts of the names of tensors that are never quantised: small ones, and tables that are not multiplied with.
    private static final List<String> KEPT = List.of("_norm.weight", "ffn_gate_inp.weight", "altup", "laurel", "per_layer_model_proj", "ssm_conv1d",
        "shortconv.conv.weight", "attn_rel_b.weight", ".position_embd", ".rel_pos", ".patch_embd", ".patch_merger", "time_mix_");

    private final FileType fileType;
    private final boolean hasImportance;
    private final int layers;
    private final int experts;
    private final boolean isGrouped;
    private final boolean is70b;
    private boolean isTied = true;
    private int valueTensors;
    private int valuesSeen;
    private int downsSeen;

    private Mixture(Gguf file, FileType fileType, boolean hasImportance) {
        this.fileType = fileType;
        this.hasImportance = hasImportance;
        String architecture = file.text("general.architecture", "");
        String prefix = architecture + ".";
        layers = Math.clamp(file.integer(prefix + "block_count", 0), 0, Integer.MAX_VALUE);
        experts = Math.clamp(file.integer(prefix + "expert_count", 0), 0, Integer.MAX_VALUE);
        long heads = first(file, prefix + "attention.head_count", 1);
        long kvHeads = first(file, prefix + "attention.head_count_kv", heads);
        isGrouped = kvHeads > 0 && heads / kvHeads >= 4;
        is70b = layers == 80 && (architecture.equals("qwen2") || architecture.equals("llama") && heads != kvHeads);
    }

    private static long first(Gguf file, String key, long otherwise) {
        if (file.value(key).isEmpty()) {
            return otherwise;
        }
        long[] values = file.integers(key);
        return values.length == 0 ? otherwise : values[0];
    }

    /// The type for each tensor, by name, in the order in which they are to be written: block by block.
    ///
    /// @param isPure no mixture: one type for all weights, as far as it fits
    static SequencedMap<String, GgmlType> types(Gguf file, FileType fileType, boolean hasImportance, boolean isPure) {
        Mixture mixture = new Mixture(file, fileType, hasImportance);
        List<GgufTensor> inOrder = inOrder(file.tensors());
        for (GgufTensor tensor : inOrder) {
            mixture.valueTensors += role(tensor.name()).hasValues() ? 1 : 0;
            mixture.isTied &= role(tensor.name()) != Role.HEAD;
        }
        SequencedMap<String, GgmlType> types = new LinkedHashMap<>();
        for (GgufTensor tensor : inOrder) {
            DType type = fileType.type();
            if (!isQuantized(tensor)) {
                types.put(tensor.name(), tensor.type());
                continue;
            }
            if (type.isBlocks()) {
                type = isPure ? type : mixture.choose(tensor);
                type = fitting(type, tensor.shape().width());
            }
            types.put(tensor.name(), GgmlType.of(type));
        }
        return types;
    }

    private static List<GgufTensor> inOrder(Collection<GgufTensor> tensors) {
        List<GgufTensor> inOrder = new ArrayList<>(tensors);
        inOrder.sort(Comparator.comparingInt((GgufTensor tensor) -> layer(tensor.name())).thenComparing(GgufTensor::name));
        return inOrder;
    }

    private static int layer(String name) {
        Matcher block = BLOCK.matcher(name);
        return block.matches() ? Integer.parseInt(block.group(1)) : -1;
    }

    private static boolean isQuantized(GgufTensor tensor) {
        String name = tensor.name();
        Shape shape = tensor.shape();
        int dimensions = shape.rank();
        while (dimensions > 0 && shape.size(shape.rank() - dimensions) == 1) {
            dimensions--;
        }
        return dimensions >= 2 && name.endsWith("weight") && KEPT.stream().noneMatch(name::contains)
            && !name.equals("position_embd.weight") && !name.equals("token_types.weight");
    }

    private static Role role(String name) {
        if (name.equals("output.weight")) {
            return Role.HEAD;
        }
        if (name.equals("token_embd.weight") || name.equals("per_layer_token_embd.weight")) {
            return Role.EMBEDDING;
        }
        return name.contains("attn_qkv.weight") ? Role.FUSED_QKV
            : name.contains("attn_v.weight") || name.contains("attn_kv_b.weight") ? Role.VALUES
            : name.contains("attn_k.weight") ? Role.KEYS
            : name.contains("attn_output.weight") ? Role.ATTENTION_OUT
            : name.contains("ffn_down") ? Role.FFN_DOWN
            : Role.OTHER;
    }

    /// The first and the last eighth of the blocks, and every third between them.
    private static boolean getsMoreBits(int i, int count) {
        return i < count / 8 || i >= 7 * count / 8 || (i - count / 8) % 3 == 2;
    }

    private DType choose(GgufTensor tensor) {
        DType type = fileType.type();
        Role role = role(tensor.name());
        if (role == Role.HEAD || role == Role.EMBEDDING && isTied) {
            return fileType == FileType.MXFP4_MOE || tensor.shape().width() % type.blockElements() != 0 || type == DType.Q8_0 ? DType.Q8_0 : DType.Q6_K;
        }
        if (fileType == FileType.MXFP4_MOE) {
            Shape shape = tensor.shape();
            return shape.rank() > 2 && shape.size(shape.rank() - 3) > 1 ? DType.MXFP4 : DType.Q8_0;
        }
        return switch (role) {
            case EMBEDDING -> type == DType.TQ1_0 || type == DType.TQ2_0 ? DType.Q4_K : type;
            case VALUES, FUSED_QKV -> values(type);
            case KEYS -> experts == 8 ? DType.Q8_0 : type;
            case FFN_DOWN -> ffnDown(type, experts > 1 ? layer(tensor.name()) : downsSeen++);
            case ATTENTION_OUT -> attentionOut(type);
            case HEAD, OTHER -> type;
        };
    }

    private DType values(DType type) {
        int i = valuesSeen++;
        DType chosen = switch (fileType) {
            case Q2_K -> isGrouped ? DType.Q4_K : DType.Q3_K;
            case Q2_K_S -> isGrouped ? DType.Q4_K : type;
            case Q3_K_M -> i < 2 ? DType.Q5_K : DType.Q4_K;
            case Q3_K_L -> DType.Q5_K;
            case IQ4_NL, IQ4_XS -> isGrouped ? DType.Q5_K : type;
            case Q4_K_M, Q5_K_M -> getsMoreBits(i, valueTensors) ? DType.Q6_K : type;
            case Q4_K_S -> i < 4 ? DType.Q5_K : type;
            default -> type;
        };
        if (is70b && (chosen == DType.Q3_K || chosen == DType.Q4_K)) {
            chosen = DType.Q5_K;                 // eight heads share these values: they are few, and better bits cost little
        }
        return experts == 8 ? DType.Q8_0 : chosen;
    }

    private DType ffnDown(DType type, int i) {
        return switch (fileType) {
            case Q2_K -> DType.Q3_K;
            case Q2_K_S -> i < layers / 8 ? DType.Q4_K : type;
            case Q3_K_M -> i < layers / 16 ? DType.Q5_K : DType.Q4_K;
            case Q3_K_L -> DType.Q5_K;
            case Q4_K_M, Q5_K_M -> getsMoreBits(i, layers) ? DType.Q6_K : type;
            case Q4_K_S -> i < layers / 8 ? DType.Q5_K : type;
            case IQ4_NL, IQ4_XS -> i < layers / 8 && !hasImportance ? DType.Q5_K : type;
            case Q4_0 -> i < layers / 8 && hasImportance ? DType.Q4_1 : type;
            case Q5_0 -> i < layers / 8 && hasImportance ? DType.Q5_1 : type;
            default -> type;
        };
    }

    private DType attentionOut(DType type) {
        if (experts == 8) {
            return switch (fileType) {
                case Q2_K, Q3_K_S, Q3_K_M, IQ4_NL, IQ4_XS, Q4_K_S, Q4_K_M -> DType.Q5_K;
                default -> type;
            };
        }
        return switch (fileType) {
            case Q2_K -> DType.Q3_K;
            case Q3_K_M -> DType.Q4_K;
            case Q3_K_L -> DType.Q5_K;
            default -> type;
        };
    }

    private static DType fitting(DType type, long width) {
        if (width % type.blockElements() == 0) {
            return type;
        }
        DType other = switch (type) {
            case IQ4_XS -> DType.IQ4_NL;
            case Q2_K, Q3_K, TQ1_0, TQ2_0 -> DType.Q4_0;
            case Q4_K -> DType.Q5_0;
            case Q5_K -> DType.Q5_1;
            case Q6_K -> DType.Q8_0;
            default -> DType.F16;
        };
        return width % other.blockElements() == 0 ? other : DType.F16;
    }
}
