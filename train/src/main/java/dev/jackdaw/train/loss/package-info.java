/// # What training makes smaller
/// Next-token prediction needs no class of its own: its loss is an operation of the model (`tensor.grad`). Here are the losses that judge
/// whole answers. [PreferenceLoss] turns the log-probabilities of two answers, or of one with a verdict, into a loss and its derivatives;
/// [BradleyTerry] does so for the scores of a reward model; [LogSigmoid] is what both are made of.
///
/// Nothing here knows a model or a tensor: each is a formula on a few numbers. How a derivative with respect to the log-probability of an
/// answer reaches the weights is said at [dev.jackdaw.train.loop.PreferenceTrainer].
package dev.jackdaw.train.loss;
