package dev.jackdaw.train.loop;

import dev.jackdaw.tensor.Memory;
import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.train.chat.AnswerEncoder.Sequence;
import java.util.ArrayList;
import java.util.List;

/// Where the texts of one step lie in its rows: several side by side that do not see each other. Texts of one group, such as the two answers
/// of a pair, lie in one pass, so that all that is to be known about the group is known when the pass has been computed.
///
/// First fit in the order given, so the same groups always lie the same way.
final class TextRows {
    /// @param group number of its group
    /// @param from  place in the row of its first id
    record Place(int group, int number, Sequence text, int row, int from) {
    }

    private final int pass;
    private final int T;
    private final int most;
    private final List<Integer> used = new ArrayList<>();        // places of each row
    private final List<Place> places = new ArrayList<>();
    private int groups;

    /// @param pass rows of a pass
    /// @param T    places of a row
    /// @param most rows, a multiple of `pass`
    TextRows(int pass, int T, int most) {
        this.pass = pass;
        this.T = T;
        this.most = most;
    }

    /// Finds room for a group; false if there is none, and then nothing has changed.
    ///
    /// @throws IllegalArgumentException if not even an empty pass would hold it
    boolean add(List<Sequence> texts) {
        for (int first = 0; first < most; first += pass) {
            boolean isNew = used.size() == first;
            while (used.size() < first + pass) {
                used.add(0);
            }
            int[] rows = fit(texts, first);
            if (rows != null) {
                for (int i = 0; i < rows.length; i++) {
                    places.add(new Place(groups, i, texts.get(i), rows[i], used.get(rows[i])));
                    used.set(rows[i], used.get(rows[i]) + texts.get(i).length());
                }
                groups++;
                return true;
            }
            if (isNew) {
                throw new IllegalArgumentException("training: " + texts.size() + " texts of " + texts.stream().map(Sequence::length).toList() + " places belong together; a pass of "
                        + pass + " rows of " + T + " does not hold them");
            }
        }
        return false;
    }

    /// A row for each text in the pass that begins at row `first`; null if there is not room for all.
    private int[] fit(List<Sequence> texts, int first) {
        int[] rows = new int[texts.size()], taken = new int[pass];
        for (int i = 0; i < rows.length; i++) {
            int row = 0;
            while (row < pass && used.get(first + row) + taken[row] + texts.get(i).length() > T) {
                row++;
            }
            if (row == pass) {
                return null;
            }
            taken[row] += texts.get(i).length();
            rows[i] = first + row;
        }
        return rows;
    }

    /// Rows in whole passes.
    int rows() {
        return used.size();
    }

    List<Place> places() {
        return places;
    }

    /// How many ids are read.
    long tokens() {
        return places.stream().mapToLong(place -> place.text().length()).sum();
    }

    /// Puts the texts into a batch, which must have at least as many rows; the rest is padding that sees itself and that nobody sees.
    void fill(Batch batch) {
        long places = batch.ids().elements();
        for (long i = 0; i < places; i++) {
            put(batch.ids(), i, 0);
            put(batch.targets(), i, -1);
            put(batch.starts(), i, (int) (i % T));
        }
        for (Place place : this.places) {
            long at = (long) place.row() * T + place.from();
            int[] ids = place.text().ids();
            for (int i = 0; i + 1 < ids.length; i++) {
                put(batch.ids(), at + i, ids[i]);
                put(batch.targets(), at + i, place.text().trained().get(i + 1) ? ids[i + 1] : -1);
                put(batch.starts(), at + i, place.from());
            }
        }
    }

    private static void put(Tensor tensor, long index, int value) {
        Memory.putInt(tensor.address() + 4 * index, value);
    }
}
