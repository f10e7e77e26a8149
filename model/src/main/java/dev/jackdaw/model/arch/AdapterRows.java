package dev.jackdaw.model.arch;

import java.util.ArrayList;
import java.util.List;

/// Rows `from` to `to - 1` of a pass belong to texts with these adapters. Rows of texts without any have no entry.
record AdapterRows(List<Adapter> adapters, int from, int to) {
    /// Of all rows of a pass.
    static List<AdapterRows> of(Piece[] pieces) {
        List<AdapterRows> found = new ArrayList<>(0);
        for (Piece piece : pieces) {
            add(found, piece, piece.row(), piece.row() + piece.rows());
        }
        return found;
    }

    /// Of rows `done` to `done + n - 1` of those whose results are wanted.
    static List<AdapterRows> picked(Piece[] pieces, int done, int n) {
        List<AdapterRows> found = new ArrayList<>(0);
        int at = 0;
        for (Piece piece : pieces) {
            int wanted = piece.rows() - piece.skipped();
            add(found, piece, Math.max(at, done) - done, Math.min(at + wanted, done + n) - done);
            at += wanted;
        }
        return found;
    }

    private static void add(List<AdapterRows> found, Piece piece, int from, int to) {
        List<Adapter> adapters = piece.segment().cache().adapters();
        if (adapters.isEmpty() || from >= to) {
            return;
        }
        AdapterRows last = found.isEmpty() ? null : found.getLast();
        if (last != null && last.to == from && last.adapters.equals(adapters)) {          // neighbours go through together
            found.set(found.size() - 1, new AdapterRows(adapters, last.from, to));
        } else {
            found.add(new AdapterRows(adapters, from, to));
        }
    }
}
