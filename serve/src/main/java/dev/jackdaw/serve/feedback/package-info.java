/// # What is said about answers
/// Answers that were given, what people and automatic checks say about them, labels, and the privacy choices over all of it: one database.
/// Read in this order:
///
/// - [Database] (SQLite or PostgreSQL, what is acknowledged is on disk), [Columns] (how values stand in it), `db/migration` (its tables);
/// - what is kept, a record and its store each: [Answer] and [Answers], [Rating] and [Ratings], [Flag] and [Flags], [Comparison] and [Comparisons];
/// - [Privacy] (what is stored), [People] (under which name), [Retention] (for how long, and erasing);
/// - [Checks] (what can be seen to be wrong: with [SchemaCheck], and a [Guard] for what cannot), [FeedbackRecorder] (how answers get here without
///   a request waiting for it);
/// - labelling: [LabelTask], [Labelling] (who is shown what), [LabelItem], [Label], [Candidates] (further answers), [Agreement] (beyond chance);
/// - what comes of it: [Corrections] for the improvement loop, [Export] for `finetune` and `prefer`;
/// - [Feedback], which puts it together, and its routes: [FeedbackService], [AnswersService], [LabelService].
///
/// Not here: who may ask (`http`), and what is done with corrections (`improve`). Nothing here writes to the log what people or models said.
package dev.jackdaw.serve.feedback;
