package dev.jackdaw.cli;

import dev.jackdaw.agent.ability.Calculator;
import dev.jackdaw.model.Model;
import dev.jackdaw.model.chat.ChatSession;
import dev.jackdaw.model.chat.Message;
import dev.jackdaw.model.chat.MessageParser;
import dev.jackdaw.model.generate.Generator;
import dev.jackdaw.model.generate.Predictor;
import dev.jackdaw.model.generate.Speculation;
import dev.jackdaw.model.generate.constrain.GrammarConstraint;
import dev.jackdaw.tensor.Device;
import dev.jackdaw.tensor.kernel.CacheType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Visibility;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `jackdaw chat`: a conversation in the terminal, or one turn of it for scripts.
@Command(name = "chat", description = "Talk with a model. Type /help in the conversation for what else can be typed.")
final class ChatCommand implements Callable<Integer> {
    @Mixin
    private CommonOptions common;

    @Mixin
    private ActivationOptions activations;

    @Mixin
    private CacheOptions cache = new CacheOptions();

    @ArgGroup(exclusive = false, validate = false, heading = "%nThe answers:%n")
    private GenerationOptions generation = new GenerationOptions();

    @ArgGroup(exclusive = false, validate = false, heading = "%nSampling, in a fixed order:%n")
    private SamplingOptions sampling = new SamplingOptions();

    @Mixin
    private LoraOptions lora;

    @ArgGroup(exclusive = false, validate = false, heading = "%nGuessing ahead:%n")
    private SpeculationOptions speculation = new SpeculationOptions();

    @Parameters(index = "0", paramLabel = "MODEL", description = "A GGUF file, a Hugging Face folder, or the directory of a training run.")
    private Path model;

    @Option(names = "--message", paramLabel = "TEXT", description = "Say this, print the answer and leave; - reads standard input, @FILE a file.", showDefaultValue = Visibility.NEVER)
    private String message;

    @Option(names = "--system", paramLabel = "TEXT", description = "How the model should behave; @FILE reads a file.", showDefaultValue = Visibility.NEVER)
    private String system;

    @Option(names = "--think", paramLabel = "WHAT", description = "on, off, or how many tokens the model may think before it answers. Default: as the model has it.", showDefaultValue = Visibility.NEVER)
    private String think;

    @Option(names = {"-n", "--max-tokens"}, paramLabel = "N", defaultValue = "0", description = "Tokens of an answer at most; 0: as many as the context holds.")
    private int maxTokens;

    @Option(names = "--stats", description = "Say after each answer how fast it came.", showDefaultValue = Visibility.NEVER)
    private boolean stats;

    private SpeculationOptions.Asked asked;
    private final List<Called> called = new ArrayList<>();

    /// What `--message --json` prints.
    record Turn(String text, String reasoning, List<Message.ToolCall> toolCalls, int[] promptIds, int[] ids, String finishReason, List<RunCommand.Logprob> logprobs, Integer droppedMessages,
                RunCommand.Timings timings, double prefillTokensPerSecond, double decodeTokensPerSecond, Speculation.Statistics speculation, List<Called> called) {
    }

    /// A tool that was run before the answer.
    record Called(String name, String arguments, String result) {
    }

    /// Of tools before an answer; a model that goes on calling is left to it.
    private static final int MOST_CALLS = 4;

    @Override
    public Integer call() throws IOException {
        check();
        if (common.output().isJson() && message == null) {
            throw common.wrong("--json needs --message TEXT: a conversation is for people");
        }
        try (Device device = activations.fastUnlessAsked(common); Model model = adapted(device);
                SpeculationOptions.Asked asked = speculation.open(model, device, Predictor.of(model.forward()), sampling.sampling(common, model.tokenizer()));
                ChatSession session = ChatSession.open(model, asked.predictor())) {
            this.asked = asked;
            model.forward().note().ifPresent(note -> common.output().note("%s", note));
            if (system != null) {
                session.messages().add(Message.of("system", common.text(system)));
            }
            if (message != null) {
                session.messages().add(Message.of("user", common.text(message)));
                answer(this, model, session, generation.constraint(model), common, new AtomicBoolean());
                return 0;
            }
            try (ChatInput input = ChatInput.of(common.in())) {
                new ChatLoop(this, model, session, input, common).run();
            }
        }
        return 0;
    }

    private Model adapted(Device device) throws IOException {
        Model opened = Model.openToRun(model, device);
        try {
            cache.apply(opened, CacheType.F16, common);
            lora.apply(opened, common);
            return opened;
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    void check() {
        if (maxTokens < 0) {
            throw common.wrong("--max-tokens " + maxTokens + ": give 0 or more");
        }
        budget();
        sampling.check(common);
        speculation.check(common);
        generation.check(common);
    }

    /// What was opened at the start stays, whatever options change.
    void keep(ChatCommand before) {
        asked = before.asked;
    }

    boolean stats() {
        return stats;
    }

    GenerationOptions generation() {
        return generation;
    }

    /// -1: as long as it likes; null: not said.
    private Integer budget() {
        if (think == null) {
            return null;
        }
        return switch (think) {
            case "on" -> -1;
            case "off" -> 0;
            case String number when number.matches("\\d{1,8}") -> Integer.parseInt(number);
            default -> throw common.wrong("--think " + think + ": give on, off or a number of tokens");
        };
    }

    ChatSession.Settings settings(Model model, GrammarConstraint constraint) {
        return new ChatSession.Settings(maxTokens, sampling.sampling(common, model.tokenizer()), budget(), generation.stop(), generation.topLogprobs(),
                constraint == null ? null : constraint.fresh(), generation.overflow());
    }

    /// Lets the model answer and shows it as it comes. Where it calls a tool that is here, the tool is run, its result shown, and the model goes on.
    static void answer(ChatCommand settings, Model model, ChatSession session, GrammarConstraint constraint, CommonOptions common, AtomicBoolean isInterrupted) {
        for (int calls = 0; turn(settings, model, session, constraint, common, isInterrupted, calls < MOST_CALLS); calls++) { }
    }

    /// One turn of the model.
    ///
    /// @param mayCall its calls are carried out
    /// @return the model called, has its result, and is to go on
    private static boolean turn(ChatCommand settings, Model model, ChatSession session, GrammarConstraint constraint, CommonOptions common, AtomicBoolean isInterrupted,
                                boolean mayCall) {
        Output output = common.output();
        if (settings.budget() != null && settings.budget() != 0 && !session.canThink()) {
            output.note("this model does not know how to think before it answers; --think changes nothing");
        }
        MarkdownPrinter printer = new MarkdownPrinter(output::text, output.colours());
        boolean[] thinks = {false};
        ChatSession.Reply reply = session.reply(settings.settings(model, constraint), new MessageParser.Listener() {
            @Override
            public void reasoning(String piece) {
                output.text(output.dim(thinks[0] ? piece : "(thinking) " + piece));
                thinks[0] = true;
            }

            @Override
            public void content(String piece) {
                if (thinks[0]) {
                    output.text("\n\n");
                    thinks[0] = false;
                }
                printer.accept(piece);
            }

            @Override
            public void toolCall(Message.ToolCall call) {
                output.text("\n" + output.bold("→ " + call.name()) + " " + call.arguments());
            }
        }, isInterrupted::get);
        printer.end();
        output.line("");
        Generator.Result result = reply.result();
        if (reply.droppedMessages() > 0) {
            output.note("the model did not see the oldest %d messages: they do not fit into its context", reply.droppedMessages());
        }
        if (result.finishReason() == Generator.FinishReason.GRAMMAR) {
            output.note("stopped: the grammar allows none of the model's tokens here, and the answer is not complete");
        } else if (result.finishReason() == Generator.FinishReason.CANCELLED) {
            output.note("interrupted");
        } else if (result.finishReason() == Generator.FinishReason.LENGTH) {
            output.note("cut after %d tokens", result.ids().length);
        }
        if (settings.stats) {
            output.note("%d prompt tokens, %.0f tokens/s; %d new tokens, %.1f tokens/s", result.promptIds().length, result.prefillTokensPerSecond(result.promptIds().length),
                    result.ids().length, result.decodeTokensPerSecond());
        }
        if (settings.stats && settings.asked.speculation() != null) {
            Speculation.Statistics guesses = settings.asked.statistics();
            output.note("%d of %d guesses were right so far, in %d passes", guesses.accepted(), guesses.drafted(), guesses.passes());
        }
        Message said = reply.message();
        if (mayCall && result.finishReason() == Generator.FinishReason.STOP && !said.toolCalls().isEmpty() && said.toolCalls().stream().allMatch(call -> call.name().equals(Calculator.NAME))) {
            for (Message.ToolCall call : said.toolCalls()) {
                String value = Calculator.call(call.arguments());
                output.line("%s %s", output.bold("←"), value);
                session.messages().add(Message.tool(call.id(), call.name(), value));
                settings.called.add(new Called(call.name(), call.arguments(), value));
            }
            return true;
        }
        RunCommand.Result run = RunCommand.Result.of(model, result, settings.generation.topLogprobs() >= 0, settings.asked.statistics());
        output.json(new Turn(said.content(), said.reasoning(), said.toolCalls().isEmpty() ? null : said.toolCalls(), run.promptIds(), run.ids(), run.finishReason(), run.logprobs(),
                reply.droppedMessages() == 0 ? null : reply.droppedMessages(), run.timings(), run.prefillTokensPerSecond(), run.decodeTokensPerSecond(), run.speculation(),
                settings.called.isEmpty() ? null : List.copyOf(settings.called)));
        settings.called.clear();
        return false;
    }
}
