package dev.jackdaw.model.engine;

import dev.jackdaw.model.arch.PagePool;
import dev.jackdaw.model.arch.PrefixTree;
import dev.jackdaw.model.arch.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// Divides the rows of a pass among the tasks.
///
/// Every text that is being written gets one row, so none waits for another's prompt longer than one pass. What is left goes to prompts, in
/// turns of [#TURN] rows: a short prompt is read in its first turn however long the prompts beside it are, and among equal ones the first
/// to come is the first to be read.
final class Schedule {
    /// Prompt tokens that a task reads before it is the next one's turn.
    static final int TURN = 128;

    private final int rows;
    private final List<Task> turns = new ArrayList<>();           // prompts being read, the next one first
    private final List<Task> chosen = new ArrayList<>();
    private final List<Segment> segments = new ArrayList<>();
    private int[] counts = new int[16];                           // rows for each prompt
    private int[] wanted = new int[16];

    /// @param rows of a pass
    Schedule(int rows) {
        this.rows = rows;
    }

    void add(Task task) {
        turns.add(task);
    }

    void remove(Task task) {
        turns.remove(task);
    }

    /// The tasks of the last [#plan], in the order of its segments.
    List<Task> chosen() {
        return chosen;
    }

    /// What the next pass carries out; empty if everybody waits.
    ///
    /// @param running all tasks that have a cache
    List<Segment> plan(List<Task> running, PrefixTree tree) {
        chosen.clear();
        segments.clear();
        for (Task task : running) {
            if (!task.isReading() && task.channel.hasRoom() && segments.size() < rows) {
                chosen.add(task);
                segments.add(new Segment(task.cache(), task.last(), 0, 1, 1));
            }
        }
        int left = rows - segments.size();
        if (counts.length < turns.size()) {
            counts = new int[2 * turns.size()];
            wanted = new int[2 * turns.size()];
        }
        for (int i = 0; i < turns.size(); i++) {
            counts[i] = 0;
            wanted[i] = wanted(i, tree);
        }
        for (boolean some = true; left > 0 && some; ) {
            some = false;
            for (int i = 0; i < turns.size() && left > 0; i++) {
                int count = Math.min(Math.min(TURN, left), wanted[i] - counts[i]);
                counts[i] += count;
                left -= count;
                some |= count > 0;
            }
        }
        int size = turns.size();
        for (int i = 0, at = 0; i < size; i++) {
            Task task = turns.get(at);
            int count = counts[i], from = task.cache().length();
            if (count == 0) {
                at++;
                continue;
            }
            chosen.add(task);
            segments.add(new Segment(task.cache(), task.prompt, from, count, count == task.left() ? 1 : 0));
            turns.remove(at);                                     // to the end of the line
            turns.add(task);
        }
        return segments;
    }

    /// Tokens that a task could read now: none while one before it reads what both have in common, since that will be shared.
    private int wanted(int index, PrefixTree tree) {
        Task task = turns.get(index);
        if (!task.isReading() || !task.channel.hasRoom()) {
            return 0;
        }
        if (task.cache().length() == 0) {
            for (int i = 0; i < turns.size(); i++) {
                Task other = turns.get(i);
                if (other != task && Objects.equals(task.adapters, other.adapters) && (i < index || other.cache().length() > 0) && sharesMore(task, other)) {
                    return 0;
                }
            }
            task.share(tree);
        }
        return task.left();
    }

    /// Has the other one still to read a whole page that both begin with?
    private static boolean sharesMore(Task task, Task other) {
        int page = PagePool.positions(), common = Math.min(task.agrees(other), task.prompt.length - 1) / page * page;
        return common > other.cache().length();
    }
}
