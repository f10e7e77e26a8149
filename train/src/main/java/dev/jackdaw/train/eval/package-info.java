/// # How good is it
/// Two ways to measure a model. [BitsPerByte]: text it never saw, in the unit of compressors. Tasks: questions with answers.
///
/// Read in this order: [TaskSpec] (what a task is; [TaskFiles] reads it from YAML), `Rows` (its data), `Items` (rows put into words),
/// [Examinee] (who is asked) and [ModelExaminee] (a model: `Likelihoods` judges continuations, the engine writes texts), `Extraction` and
/// `CodeText` (from what was written to an answer or a program), [Examination] (asks and judges; `AnswerFile` keeps each answer, so that a
/// killed examination goes on), [Scores] with [Interval] (numbers and how sure they are), [Difference] (two models on the same items).
///
/// Every number carries n, its interval, and the settings it depends on. Not here: running foreign programs (`agent.sandbox`).
package dev.jackdaw.train.eval;
