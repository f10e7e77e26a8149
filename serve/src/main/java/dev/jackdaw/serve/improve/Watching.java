package dev.jackdaw.serve.improve;

import dev.jackdaw.train.chat.Rejections;
import dev.jackdaw.train.loop.Finetuning;
import java.util.function.LongConsumer;

/// Passes on what happens in the training, and hears which lines could not be used.
record Watching(Finetuning.Listener to, LongConsumer rejectedLine) implements Finetuning.Passing {
    @Override
    public void rejected(Rejections.Rejection rejection) {
        rejectedLine.accept(rejection.line());
        to.rejected(rejection);
    }
}
