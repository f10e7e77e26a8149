/// # The sweep
/// Many small models, the law they follow, a prediction, and one larger model to check it. Read in this order: [SweepPlan] (which models,
/// counted in tokens), [SweepPlanner] (how many of them fit in the time), [Sweep] (trains them and what follows), [SweepAnalysis] (from
/// losses to laws), [SweepReport] (the pictures).
///
/// Not here: the mathematics of the law (`scale`), a single run (`loop`).
package dev.jackdaw.train.sweep;
