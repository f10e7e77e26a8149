/// # From misbehaviour to a better model
/// Versions of a deployed model with their lineage, and the loop that makes the next one.
///
/// Read in this order: [Deployment] (which versions are served, and to whom) and [Deployments] (its files, and how they change), [Lineage] (where a
/// version comes from), [Improvement] (the stages of the loop, with [ImproveSettings]); then the stages: [Curation] (from corrections to what may be
/// learned; `Overlap` keeps the evaluation out of it), `Mixture` (with what they are learned together), `Candidate` (training, and `WalkBack`), `Trial` and
/// `Marks` (what both models answer), [Verdict] (may it be promoted?). [Kept] is what a first version brings along from its run.
/// [Forgetting] takes out of all that what was erased from the database since.
///
/// Not here: how feedback is collected (`feedback`), how models are loaded (`models`), finetuning itself ([dev.jackdaw.train.loop]).
package dev.jackdaw.serve.improve;
