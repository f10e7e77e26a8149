package dev.jackdaw.serve.feedback;

import java.util.List;

/// Something to label.
///
/// @param candidates answers to choose from or to combine, in the order in which everybody sees them
/// @param labels     how many labellers have labelled it
public record LabelItem(String id, LabelTask task, Answer answer, List<String> candidates, int labels) {
}
