package dev.jackdaw.cli;

import dev.jackdaw.bench.TrainBench;
import dev.jackdaw.model.arch.ModelSpec;
import dev.jackdaw.tensor.DType;
import dev.jackdaw.train.loop.LoraSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `jackdaw bench train`: how fast this machine trains a Llama-shaped model on random tokens.
@Command(name = "train", description = "Time real training steps (forward, backward, clip, AdamW, tied head) of a Llama-shaped model on "
        + "random tokens; the median after two steps.")
final class BenchTrainCommand implements Runnable {
    @Mixin
    private CommonOptions common;

    @Option(names = "--layers", paramLabel = "N", defaultValue = "6", description = "Layers.")
    private int layers;

    @Option(names = "--width", paramLabel = "N", defaultValue = "384", description = "Width of the residual stream.")
    private int width;

    @Option(names = "--heads", paramLabel = "N", defaultValue = "6", description = "Query heads; their width is width/heads.")
    private int heads;

    @Option(names = "--kv-heads", paramLabel = "N", description = "Key and value heads. Default: as many as query heads.")
    private Integer kvHeads;

    @Option(names = "--ffn", paramLabel = "N", defaultValue = "1024", description = "Feed-forward width.")
    private int feedForward;

    @Option(names = "--vocab", paramLabel = "N", defaultValue = "4096", description = "Tokens in the vocabulary.")
    private int vocabulary;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "16", description = "Sequences in a step.")
    private int batch;

    @Option(names = "--context", paramLabel = "N", defaultValue = "256", description = "Tokens in a sequence.")
    private int context;

    @Option(names = "--steps", paramLabel = "N", defaultValue = "10", description = "Steps, the first two of which do not count.")
    private int steps;

    @Option(names = "--pass", paramLabel = "N", defaultValue = "0",
            description = "Sequences that go through at once, 0 to choose; fewer need less memory and add their gradients up.")
    private int pass;

    @Option(names = "--finetune", description = "Time steps on packed conversations as well, half of whose tokens are answers, and say what part of the rate they reach.")
    private boolean finetune;

    @Option(names = "--lora", paramLabel = "RANK", showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER,
            description = "Time steps of a LoRA adapter on every linear layer as well, beside weights that stay, and say what part of the rate they reach.")
    private Integer lora;

    @Option(names = "--quantized", paramLabel = "TYPE", showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER,
            description = "With --lora: the number format of the weights that stay, Q4_0 for instance. Default: F32.")
    private DType quantized;

    /// What `--lora --json` prints.
    ///
    /// @param ofPretraining rate of the adapter over that of pretraining
    record Adapter(TrainBench.Result pretraining, TrainBench.Result lora, double ofPretraining) {
    }

    /// What `--finetune --json` prints.
    ///
    /// @param ofPretraining rate of finetuning over that of pretraining
    record Both(TrainBench.Result pretraining, TrainBench.Result finetuning, double ofPretraining) {
    }

    @Override
    public void run() {
        Output output = common.output();
        if (steps < 3) {
            throw common.wrong("--steps " + steps + ": give at least 3, since the first two do not count");
        }
        if (quantized != null && lora == null) {
            throw common.wrong("--quantized " + quantized + ": it is for --lora RANK");
        }
        if (heads < 1 || width % heads != 0) {
            throw common.wrong("--width " + width + " is not a multiple of --heads " + heads);
        }
        var spec = ModelSpec.plain("llama", vocabulary, layers, width, heads, kvHeads == null ? heads : kvHeads, width / heads, feedForward,
                context, 1e-5f, 10_000, false, true);
        TrainBench.Result result = TrainBench.run(spec, batch, context, pass, steps, common.threads(), TrainBench.Work.TEXT);
        if (lora != null) {
            TrainBench.Result adapter = TrainBench.lora(spec, batch, context, pass, steps, common.threads(), LoraSettings.of(lora), quantized);
            double part = adapter.tokensPerSecond() / result.tokensPerSecond();
            output.json(new Adapter(result, adapter, part));
            output.line(output.bold("pretraining"));
            print(output, result);
            output.line("%s", output.bold("LoRA of rank %d over %s: %.0f%% of that rate".formatted(lora, quantized == null ? "F32" : quantized, 100 * part)));
            print(output, adapter);
            return;
        }
        if (!finetune) {
            output.json(result);
            print(output, result);
            return;
        }
        TrainBench.Result conversations = TrainBench.run(spec, batch, context, pass, steps, common.threads(), TrainBench.Work.CONVERSATIONS);
        double part = conversations.tokensPerSecond() / result.tokensPerSecond();
        output.json(new Both(result, conversations, part));
        output.line(output.bold("pretraining"));
        print(output, result);
        output.line("%s", output.bold("finetuning on packed conversations: %.0f%% of that rate".formatted(100 * part)));
        print(output, conversations);
    }

    private void print(Output output, TrainBench.Result result) {
        output.line("%,d parameters, %d × %d tokens a step, %d threads", result.parameters(), batch, context, result.threads());
        output.line("%.0f tokens/s, %.1f GFLOP/s, %.1f ms a step, loss %.3f, peak memory %s", result.tokensPerSecond(), result.gflops(),
                result.stepMillis(), result.loss(), DoctorCommand.bytes(result.peakBytes()));
        output.line("in the second half of the steps: %s on the Java heap a step, memory grown by %s",
                DoctorCommand.bytes(result.heapBytesPerStep()), DoctorCommand.bytes(result.grownBytes()));
    }
}
