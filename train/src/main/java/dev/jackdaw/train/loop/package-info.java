/// # A training run
/// Read in this order: [TrainSettings] (everything that decides what comes out), [Trainer] (one step), [Initialization] (where weights
/// start), [Dial] (minutes to settings), [Checkpoint], [Run] (the loop, in a directory of plain files) over a
/// [Course] (text or conversations), [Pretraining] (from text to a model), [Finetuning] (from a model and conversations to one that answers), with
/// [Tuning] for what moves: all weights ([FullTuning]), or an adapter beside them ([LoraTuning], [LoraWeights], [LoraSettings]).
/// `AssistantStage` is the second half of a speedrun.
///
/// Learning from comparisons: [PreferenceTrainer] and [RewardTrainer] (one step each), [TextRows] (which texts lie where), [PreferenceTraining] and
/// [RewardTraining] (the whole of it), [PreferenceScores] (how often a model prefers what was preferred).
package dev.jackdaw.train.loop;
