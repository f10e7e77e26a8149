package dev.jackdaw.train.loop;

import dev.jackdaw.train.data.BatchReader;
import dev.jackdaw.train.report.Sample;
import java.util.Arrays;
import java.util.List;

/// Learning from comparisons, some of them a step; nothing is written on the way.
///
/// @param <T> a comparison as its trainer takes it
abstract class ComparisonCourse<T> implements Course {
    private final List<T> items;
    private final ComparisonOrder order;

    ComparisonCourse(List<T> items, ComparisonOrder order) {
        this.items = items;
        this.order = order;
    }

    /// Those of the next step.
    final List<T> next() {
        return Arrays.stream(order.next()).mapToObj(items::get).toList();
    }

    @Override
    public final BatchReader.Position position() {
        return order.position();
    }

    @Override
    public final void resume(BatchReader.Position position) {
        order.resume(position);
    }

    @Override
    public final List<Sample> samples(long step) {
        return List.of();
    }

    @Override
    public final void close() {
    }
}
