package dev.jackdaw.cli;

import dev.jackdaw.tensor.DType;
import dev.jackdaw.train.loop.Finetuning;
import dev.jackdaw.train.loop.LoraSettings;
import dev.jackdaw.train.loop.LoraTuning;
import java.util.List;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Option;

/// Training an adapter beside a model that stays as it is.
final class AdapterOptions {
    @Option(names = "--lora", order = 40, paramLabel = "RANK", showDefaultValue = Visibility.NEVER,
            description = "Train a LoRA adapter of this rank, 8 to 64 for instance, and leave the weights as they are, quantised ones too; written as PEFT keeps adapters.")
    private Integer rank;
    @Option(names = "--lora-alpha", order = 41, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "The adapter counts X / RANK times. Default: twice the rank.")
    private Double alpha;
    @Option(names = "--lora-targets", order = 42, paramLabel = "NAME", split = ",", showDefaultValue = Visibility.NEVER,
            description = "The layers that get a pair, as PEFT names them (q_proj,v_proj). Default: every linear layer but the head, routers and experts.")
    private List<String> targets = List.of();
    @Option(names = "--lora-dropout", order = 43, paramLabel = "X", showDefaultValue = Visibility.NEVER, description = "Share of a layer's input that its pair does not see. Default: 0.")
    private double dropout;
    @Option(names = "--rslora", order = 44, showDefaultValue = Visibility.NEVER, description = "Count the adapter X / root of RANK times.")
    private boolean rankStabilised;
    @Option(names = "--dora", order = 45, showDefaultValue = Visibility.NEVER, description = "Train a magnitude of each row too (DoRA, with --lora).")
    private boolean dora;
    @Option(names = "--base-type", order = 46, paramLabel = "TYPE", showDefaultValue = Visibility.NEVER,
            description = "Keep the weights that stay in this number format, Q4_0 for instance, or F32. Default: blocks as the file has them, others as F32.")
    private DType base;

    boolean isGiven() {
        return rank != null;
    }

    Finetuning.Method method(CommonOptions common) {
        if (rank == null) {
            if (alpha != null || !targets.isEmpty() || dropout != 0 || rankStabilised || dora || base != null) {
                throw common.wrong("--lora-alpha, --lora-targets, --lora-dropout, --rslora, --dora and --base-type are for adapters; give --lora RANK too");
            }
            return Finetuning.Method.FULL;
        }
        try {
            return LoraTuning.method(new LoraSettings(rank, alpha != null ? alpha : 2.0 * rank, targets, rankStabilised, dora, dropout), base, common.seed(0));
        } catch (IllegalArgumentException e) {
            throw common.wrong(e.getMessage());
        }
    }
}
