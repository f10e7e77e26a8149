/// # What a training run leaves behind to be read
/// From a diary of numbers to pictures and pages. Read in this order: [StepMetrics] and [Metrics] (the diary, `metrics.jsonl`),
/// [TensorBoardWriter] (the same for TensorBoard), [Baselines] with [NGrams] (what the text costs without a model), [ReportData] (all a
/// report is made of, and the files it is read from), [Report] (writes it: [HtmlReport], [MarkdownReport], with the tables of [RunFacts] and
/// the pictures of [RunCharts]). The pictures are drawn by [Chart] and [Bars] as SVG text; an [HtmlPage] holds them, for reports of other
/// packages too.
///
/// Start at [Report#write].
///
/// Deliberately absent: evaluating a model (`eval`), deciding when to evaluate or to sample (`loop`), JavaScript, AWT, anything fetched.
package dev.jackdaw.train.report;
