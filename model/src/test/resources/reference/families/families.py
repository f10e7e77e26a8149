"""Makes tiny random models of families for which no stored reference exists, and computes their logits from the published definitions,
in float64 with numpy alone (2.4.6). Written apart from the engine, step by step and without a cache, so that the two check each other.

    python3 families.py          writes NAME/{config.json,model.safetensors,expected.json}, seed 7
"""
import json, math, os, struct
import numpy as np

R = np.random.default_rng(7)
V, C, L, T = 48, 32, 2, 24
IDS = [int(i) for i in R.integers(0, V, T)]


class Weights(dict):
    """Made on first use, so that the computation itself lists what a model has."""
    def __call__(self, name, *shape, mean=0.0, scale=None):
        if name not in self:
            scale = scale if scale is not None else (0.3 if len(shape) == 1 else 1.2 / math.sqrt(shape[-1]))
            self[name] = (mean + scale * R.standard_normal(shape)).astype(np.float32)
        return self[name].astype(np.float64)


def save(name, config, w, expected):
    os.makedirs(name, exist_ok=True)
    header, at, data = {}, 0, b""
    for key in sorted(w):
        raw = w[key].tobytes()
        header[key] = {"dtype": "F32", "shape": list(w[key].shape), "data_offsets": [at, at + len(raw)]}
        at += len(raw)
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(name + "/model.safetensors", "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)
    with open(name + "/config.json", "w") as f:
        json.dump(config, f, indent=1)
    with open(name + "/expected.json", "w") as f:
        json.dump({k: np.round(v, 6).tolist() if isinstance(v, np.ndarray) else v for k, v in expected.items()}, f)


def rms(x, w, eps): return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * w
def layer_norm(x, w, b, eps): return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) * w + b
def silu(x): return x / (1 + np.exp(-x))
def sigmoid(x): return 1 / (1 + np.exp(-x))
def gelu(x): return 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))
def gelu_tanh(x): return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def angles(width, theta): return np.arange(T)[:, None] * theta ** (-np.arange(0, width, 2) / width)[None, :]


def turn_halves(x, a, m=1.0):
    """x [T,H,D], turns the first 2·pairs numbers."""
    n = a.shape[1]
    c, s = np.cos(a)[:, None] * m, np.sin(a)[:, None] * m
    p, q, rest = x[..., :n], x[..., n:2 * n], x[..., 2 * n:]
    return np.concatenate([p * c - q * s, q * c + p * s, rest], -1)


def turn_neighbours(x, a, m=1.0):
    n = a.shape[1]
    c, s = np.cos(a)[:, None] * m, np.sin(a)[:, None] * m
    out = x.copy()
    p, q = x[..., 0:2 * n:2], x[..., 1:2 * n:2]
    out[..., 0:2 * n:2], out[..., 1:2 * n:2] = p * c - q * s, q * c + p * s
    return out


def attend(q, k, v, scale, window=None, causal=True):
    """q [T,H,D], k [T,K,D], v [T,K,E] → [T,H·E]"""
    n, H, K = q.shape[0], q.shape[1], k.shape[1]
    out = np.zeros((n, H, v.shape[2]))
    i, j = np.arange(n)[:, None], np.arange(n)[None, :]
    hidden = (j > i) if causal else np.zeros((n, n), bool)
    if window:
        hidden = hidden | (i - j >= window)
    for h in range(H):
        s = q[:, h] @ k[:, h * K // H].T * scale
        out[:, h] = softmax(np.where(hidden, -np.inf, s)) @ v[:, h * K // H]
    return out.reshape(n, -1)


def projections(w, p, x, H, K, D, bias):
    def one(name, heads):
        y = x @ w(p + name + ".weight", heads * D, C).T
        return (y + w(p + name + ".bias", heads * D) if bias else y).reshape(len(x), heads, D)
    return one("q_proj", H), one("k_proj", K), one("v_proj", K)


def gated(w, p, x, F, act=silu, names=("gate_proj", "up_proj", "down_proj")):
    g, u, d = names
    return (act(x @ w(p + g + ".weight", F, C).T) * (x @ w(p + u + ".weight", F, C).T)) @ w(p + d + ".weight", C, F).T


def base(kind, **more):
    return dict(model_type=kind, vocab_size=V, hidden_size=C, num_hidden_layers=L, max_position_embeddings=64, **more)


def decoder(name, config, layer, *, head="lm_head.weight", tied=False, norm=None, embed=1.0, logits=1.0):
    w = Weights()
    x = w("model.embed_tokens.weight", V, C, scale=1.0)[IDS] * embed
    for i in range(L):
        x = layer(w, i, f"model.layers.{i}.", x)
    x = (norm or (lambda w, x: rms(x, w("model.norm.weight", C, mean=1.0), 1e-5)))(w, x)
    save(name, config, w, {"ids": IDS, "logits": x @ (w("model.embed_tokens.weight", V, C) if tied else w(head, V, C)).T * logits})


def n(w, name, x, eps=1e-5): return rms(x, w(name + ".weight", C, mean=1.0), eps)


# Granite 3: multipliers everywhere
def granite(w, i, p, x):
    h = n(w, p + "input_layernorm", x)
    q, k, v = projections(w, p + "self_attn.", h, 4, 2, 8, False)
    a = angles(8, 10000.0)
    x = x + 0.22 * (attend(turn_halves(q, a), turn_halves(k, a), v, 0.1) @ w(p + "self_attn.o_proj.weight", C, 32).T)
    return x + 0.22 * gated(w, p + "mlp.", n(w, p + "post_attention_layernorm", x), 40)


common = dict(num_attention_heads=4, num_key_value_heads=2, intermediate_size=40, rms_norm_eps=1e-5, rope_theta=10000.0, hidden_act="silu")
decoder("granite", base("granite", **common, embedding_multiplier=3.0, residual_multiplier=0.22, attention_multiplier=0.1, logits_scaling=4.0, tie_word_embeddings=True),
        granite, tied=True, embed=3.0, logits=1 / 4.0)


# Granite 4 without state-space layers: a fused shared feed-forward, no positions
def granite_hybrid(w, i, p, x):
    h = n(w, p + "input_layernorm", x)
    q, k, v = projections(w, p + "self_attn.", h, 4, 2, 8, False)
    x = x + 0.22 * (attend(q, k, v, 0.1) @ w(p + "self_attn.o_proj.weight", C, 32).T)
    both = n(w, p + "post_attention_layernorm", x) @ w(p + "shared_mlp.input_linear.weight", 80, C).T
    return x + 0.22 * ((silu(both[:, :40]) * both[:, 40:]) @ w(p + "shared_mlp.output_linear.weight", C, 40).T)


decoder("granitehybrid", base("granitemoehybrid", **common, embedding_multiplier=3.0, residual_multiplier=0.22, attention_multiplier=0.1, logits_scaling=4.0,
        tie_word_embeddings=True, shared_intermediate_size=40, num_local_experts=0, layer_types=["attention"] * L, position_embedding_type="nope"),
        granite_hybrid, tied=True, embed=3.0, logits=1 / 4.0)


# Gemma 1
def gemma(w, i, p, x):
    one = lambda name, x: rms(x, 1 + w(name + ".weight", C), 1e-6)
    q, k, v = projections(w, p + "self_attn.", one(p + "input_layernorm", x), 4, 1, 16, False)
    a = angles(16, 10000.0)
    x = x + attend(turn_halves(q, a), turn_halves(k, a), v, 1 / 4) @ w(p + "self_attn.o_proj.weight", C, 64).T
    return x + gated(w, p + "mlp.", one(p + "post_attention_layernorm", x), 40, gelu_tanh)


decoder("gemma", base("gemma", num_attention_heads=4, num_key_value_heads=1, head_dim=16, intermediate_size=40, rms_norm_eps=1e-6, rope_theta=10000.0, hidden_act="gelu"),
        gemma, tied=True, embed=math.sqrt(C), norm=lambda w, x: rms(x, 1 + w("model.norm.weight", C), 1e-6))


# Ministral: some layers slide
def ministral(w, i, p, x):
    q, k, v = projections(w, p + "self_attn.", n(w, p + "input_layernorm", x), 4, 2, 8, False)
    a = angles(8, 10000.0)
    x = x + attend(turn_halves(q, a), turn_halves(k, a), v, 8 ** -0.5, 5 if i == 1 else None) @ w(p + "self_attn.o_proj.weight", C, 32).T
    return x + gated(w, p + "mlp.", n(w, p + "post_attention_layernorm", x), 40)


decoder("ministral", base("ministral", **common, sliding_window=5, layer_types=["full_attention", "sliding_attention"]), ministral)


# GPT-NeoX: both halves in parallel, a quarter of each head turned, q k v by head
def neox(parallel):
    w = Weights()
    x = w("gpt_neox.embed_in.weight", V, C, scale=1.0)[IDS]
    ln = lambda name, x: layer_norm(x, w(name + ".weight", C, mean=1.0), w(name + ".bias", C), 1e-5)
    lin = lambda name, x, o, i: x @ w(name + ".weight", o, i).T + w(name + ".bias", o)
    for i in range(L):
        p = f"gpt_neox.layers.{i}."
        qkv = lin(p + "attention.query_key_value", ln(p + "input_layernorm", x), 3 * C, C).reshape(T, 2, 48)
        q, k, v = qkv[..., :16], qkv[..., 16:32], qkv[..., 32:]
        a = angles(4, 10000.0)
        seen = lin(p + "attention.dense", attend(turn_halves(q, a), turn_halves(k, a), v, 1 / 4), C, C)
        think = lambda y: lin(p + "mlp.dense_4h_to_h", gelu(lin(p + "mlp.dense_h_to_4h", ln(p + "post_attention_layernorm", y), 64, C)), C, 64)
        x = x + seen + think(x) if parallel else (x + seen) + think(x + seen)
    x = ln("gpt_neox.final_layer_norm", x)
    save("gptneox" if parallel else "gptneox-serial", base("gpt_neox", num_attention_heads=2, intermediate_size=64, layer_norm_eps=1e-5, rotary_pct=0.25, rotary_emb_base=10000,
         use_parallel_residual=parallel, hidden_act="gelu", tie_word_embeddings=False), w, {"ids": IDS, "logits": x @ w("embed_out.weight", V, C).T})


neox(True)
neox(False)


# StarCoder2
def starcoder(w, i, p, x):
    ln = lambda name, x: layer_norm(x, w(name + ".weight", C, mean=1.0), w(name + ".bias", C), 1e-5)
    lin = lambda name, x, o, i: x @ w(name + ".weight", o, i).T + w(name + ".bias", o)
    q, k, v = projections(w, p + "self_attn.", ln(p + "input_layernorm", x), 4, 2, 8, True)
    a = angles(8, 100000.0)
    x = x + lin(p + "self_attn.o_proj", attend(turn_halves(q, a), turn_halves(k, a), v, 8 ** -0.5, 7), C, 32)
    return x + lin(p + "mlp.c_proj", gelu_tanh(lin(p + "mlp.c_fc", ln(p + "post_attention_layernorm", x), 64, C)), C, 64)


decoder("starcoder2", base("starcoder2", num_attention_heads=4, num_key_value_heads=2, intermediate_size=64, norm_epsilon=1e-5, rope_theta=100000.0, sliding_window=7,
        use_bias=True, hidden_act="gelu_pytorch_tanh", tie_word_embeddings=True), starcoder, tied=True,
        norm=lambda w, x: layer_norm(x, w("model.norm.weight", C, mean=1.0), w("model.norm.bias", C), 1e-5))


# Cohere2: one norm without bias before two parallel halves; layers that slide turn neighbours, the others know no positions
def cohere(w, i, p, x):
    h = layer_norm(x, w(p + "input_layernorm.weight", C, mean=1.0), 0, 1e-5)
    q, k, v = projections(w, p + "self_attn.", h, 4, 2, 8, False)
    a = angles(8, 50000.0)
    slides = i == 0
    q, k = (turn_neighbours(q, a), turn_neighbours(k, a)) if slides else (q, k)
    return x + attend(q, k, v, 8 ** -0.5, 6 if slides else None) @ w(p + "self_attn.o_proj.weight", C, 32).T + gated(w, p + "mlp.", h, 40)


decoder("cohere2", base("cohere2", num_attention_heads=4, num_key_value_heads=2, intermediate_size=40, layer_norm_eps=1e-5, rope_theta=50000.0, sliding_window=6, sliding_window_pattern=2,
        logit_scale=0.25, hidden_act="silu"), cohere, tied=True, logits=0.25, norm=lambda w, x: layer_norm(x, w("model.norm.weight", C, mean=1.0), 0, 1e-5))


# GLM-4: half of each head turned, neighbours; norms around; gate and up fused
def glm(around):
    def layer(w, i, p, x):
        q, k, v = projections(w, p + "self_attn.", n(w, p + "input_layernorm", x), 4, 2, 16, True)
        a = angles(8, 10000.0)
        seen = attend(turn_neighbours(q, a), turn_neighbours(k, a), v, 1 / 4) @ w(p + "self_attn.o_proj.weight", C, 64).T
        x = x + (n(w, p + "post_self_attn_layernorm", seen) if around else seen)
        both = n(w, p + "post_attention_layernorm", x) @ w(p + "mlp.gate_up_proj.weight", 80, C).T
        thought = (silu(both[:, :40]) * both[:, 40:]) @ w(p + "mlp.down_proj.weight", C, 40).T
        return x + (n(w, p + "post_mlp_layernorm", thought) if around else thought)
    decoder("glm4" if around else "glm", base("glm4" if around else "glm", num_attention_heads=4, num_key_value_heads=2, head_dim=16, intermediate_size=40, rms_norm_eps=1e-5,
            rope_theta=10000.0, partial_rotary_factor=0.5, attention_bias=True, hidden_act="silu", tie_word_embeddings=False), layer)


glm(True)
glm(False)


# Qwen2 with experts: probabilities as they are, a shared expert behind a gate of its own
def qwen2_moe(w, i, p, x):
    q, k, v = projections(w, p + "self_attn.", n(w, p + "input_layernorm", x), 4, 2, 8, True)
    a = angles(8, 10000.0)
    x = x + attend(turn_halves(q, a), turn_halves(k, a), v, 8 ** -0.5) @ w(p + "self_attn.o_proj.weight", C, 32).T
    h = n(w, p + "post_attention_layernorm", x)
    p += "mlp."
    scores = softmax(h @ w(p + "gate.weight", 5, C).T)
    each = [gated(w, p + f"experts.{e}.", h, 16) for e in range(5)]
    y = sigmoid(h @ w(p + "shared_expert_gate.weight", 1, C).T) * gated(w, p + "shared_expert.", h, 24)
    for t in range(T):
        for e in np.argsort(-scores[t])[:2]:
            y[t] += scores[t, e] * each[e][t]
    return x + y


decoder("qwen2moe", base("qwen2_moe", **common, moe_intermediate_size=16, shared_expert_intermediate_size=24, num_experts=5, num_experts_per_tok=2, norm_topk_prob=False,
        decoder_sparse_step=1, mlp_only_layers=[]), qwen2_moe)


# DeepSeek-V2 and V3: latent attention, a dense first layer, experts in groups
def deepseek(third):
    P, Q, Vh, H, rank, qrank, E = 8, 4, 12, 2, 10, 14, 8
    factor, original, mscale, all_dim = 4.0, 16, 0.8, 0.6
    get = lambda s, m: 0.1 * m * math.log(s) + 1
    plain = 100.0 ** (-np.arange(0, Q, 2) / Q)
    pair = lambda turns: Q * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(100.0))
    low, high = max(math.floor(pair(32)), 0), min(math.ceil(pair(1)), Q - 1)
    ramp = np.clip((np.arange(Q // 2) - low) / ((high - low) or 0.001), 0, 1)
    a = np.arange(T)[:, None] * (plain / factor * ramp + plain * (1 - ramp))[None, :]
    m = get(factor, mscale) / get(factor, all_dim)
    scale = (P + Q) ** -0.5 * get(factor, all_dim) ** 2

    def layer(w, i, p, x):
        h, s = n(w, p + "input_layernorm", x, 1e-6), p + "self_attn."
        q = (rms(h @ w(s + "q_a_proj.weight", qrank, C).T, w(s + "q_a_layernorm.weight", qrank, mean=1.0), 1e-6) @ w(s + "q_b_proj.weight", H * (P + Q), qrank).T).reshape(T, H, P + Q)
        both = h @ w(s + "kv_a_proj_with_mqa.weight", rank + Q, C).T
        kv = (rms(both[:, :rank], w(s + "kv_a_layernorm.weight", rank, mean=1.0), 1e-6) @ w(s + "kv_b_proj.weight", H * (P + Vh), rank).T).reshape(T, H, P + Vh)
        turned = np.repeat(turn_neighbours(both[:, None, rank:], a, m), H, 1)
        q = np.concatenate([q[..., :P], turn_neighbours(q[..., P:], a, m)], -1)
        k = np.concatenate([kv[..., :P], turned], -1)
        x = x + attend(q, k, kv[..., P:], scale) @ w(s + "o_proj.weight", C, H * Vh).T
        h, p = n(w, p + "post_attention_layernorm", x, 1e-6), p + "mlp."
        if i == 0:
            return x + gated(w, p, h, 40)
        logits = h @ w(p + "gate.weight", E, C).T
        scores = sigmoid(logits) if third else softmax(logits)
        ranks = scores + w(p + "gate.e_score_correction_bias", E) if third else scores
        each = [gated(w, p + f"experts.{e}.", h, 16) for e in range(E)]
        y = gated(w, p + "shared_experts.", h, 32)
        for t in range(T):
            groups = ranks[t].reshape(4, 2)
            best = np.argsort(-(groups.sum(1) if third else groups.max(1)))[:2]
            r = np.where(np.isin(np.arange(E) // 2, best), ranks[t], -np.inf)
            chosen = np.argsort(-r)[:3]
            total = scores[t, chosen].sum() if third else 1
            for e in chosen:
                y[t] += scores[t, e] / total * 2.5 * each[e][t]
        return x + y

    kind = "deepseek_v3" if third else "deepseek_v2"
    decoder(kind.replace("_", "-"), base(kind, num_attention_heads=H, num_key_value_heads=H, intermediate_size=40, rms_norm_eps=1e-6, rope_theta=100.0, q_lora_rank=qrank, kv_lora_rank=rank,
            qk_nope_head_dim=P, qk_rope_head_dim=Q, v_head_dim=Vh, n_routed_experts=E, n_shared_experts=2, num_experts_per_tok=3, moe_intermediate_size=16, first_k_dense_replace=1,
            moe_layer_freq=1, n_group=4, topk_group=2, norm_topk_prob=third, routed_scaling_factor=2.5, scoring_func="sigmoid" if third else "softmax",
            topk_method="noaux_tc" if third else "group_limited_greedy", tie_word_embeddings=False,
            rope_scaling=dict(type="yarn", factor=factor, original_max_position_embeddings=original, beta_fast=32, beta_slow=1, mscale=mscale, mscale_all_dim=all_dim)),
            layer, norm=lambda w, x: rms(x, w("model.norm.weight", C, mean=1.0), 1e-6))


deepseek(False)
deepseek(True)


# Cross-encoders: BERT's pair with segment types, RoBERTa's with positions from the third row on
def cross(roberta):
    w, root, second = Weights(), "roberta." if roberta else "bert.", 11
    ln = lambda name, x: layer_norm(x, w(name + ".weight", C, mean=1.0), w(name + ".bias", C), 1e-12)
    lin = lambda name, x, o, i: x @ w(name + ".weight", o, i).T + w(name + ".bias", o)
    e = root + "embeddings."
    positions, types = np.arange(T) + (2 if roberta else 0), np.zeros(T, int) if roberta else (np.arange(T) >= second).astype(int)
    x = ln(e + "LayerNorm", w(e + "word_embeddings.weight", V, C, scale=1.0)[IDS] + w(e + "position_embeddings.weight", 66 if roberta else 64, C)[positions]
           + w(e + "token_type_embeddings.weight", 1 if roberta else 2, C)[types])
    for i in range(L):
        p = root + f"encoder.layer.{i}."
        q, k, v = (lin(p + "attention.self." + part, x, C, C).reshape(T, 4, 8) for part in ("query", "key", "value"))
        x = ln(p + "attention.output.LayerNorm", x + lin(p + "attention.output.dense", attend(q, k, v, 8 ** -0.5, causal=False), C, C))
        x = ln(p + "output.LayerNorm", x + lin(p + "output.dense", gelu(lin(p + "intermediate.dense", x, 40, C)), C, 40))
    if roberta:
        score = lin("classifier.out_proj", np.tanh(lin("classifier.dense", x[0], C, C)), 1, C)
    else:
        score = lin("classifier", np.tanh(lin("bert.pooler.dense", x[0], C, C)), 1, C)
    config = base("xlm-roberta" if roberta else "bert", num_attention_heads=4, intermediate_size=40, layer_norm_eps=1e-12, hidden_act="gelu", type_vocab_size=1 if roberta else 2, pad_token_id=1 if roberta else 0)
    config["max_position_embeddings"] = 66 if roberta else 64
    save("cross-roberta" if roberta else "cross-bert", config, w, {"ids": IDS, "second": second, "score": score, "hidden": x})


cross(False)
cross(True)
