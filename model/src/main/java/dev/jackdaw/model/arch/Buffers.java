package dev.jackdaw.model.arch;

import dev.jackdaw.tensor.Tensor;
import dev.jackdaw.tensor.grad.Value;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/// Places for the results of operations, one for each kind and width, as large as they ever had to be. Nothing is allocated while passes have
/// as many rows as before.
final class Buffers implements AutoCloseable {
    /// One place, and the rows of it that were last asked for.
    private static final class Place {
        private final String kind;
        private final long width;
        private Arena arena;
        private Tensor all;
        private Value rows;

        private Place(String kind, long width) {
            this.kind = kind;
            this.width = width;
        }

        private void grow(long count) {
            close();
            arena = Arena.ofShared();
            all = Tensor.zeros(arena, count, width);
        }

        private void close() {
            if (arena != null) {
                arena.close();
            }
        }
    }

    private final List<Place> places = new ArrayList<>();       // some twenty; searched by identity of the kind

    /// @param kind a literal
    Value get(String kind, long rows, long width) {
        Place place = find(kind, width);
        if (place.rows == null || place.rows.rows() != rows) {
            if (place.all == null || place.all.size(0) < rows) {
                place.grow(rows);
            }
            place.rows = Value.of(kind, place.all.size(0) == rows ? place.all : place.all.slice(0, rows), null);
        }
        return place.rows;
    }

    @SuppressWarnings("StringEquality")
    private Place find(String kind, long width) {
        for (int i = 0; i < places.size(); i++) {
            Place place = places.get(i);
            if (place.kind == kind && place.width == width) {
                return place;
            }
        }
        Place place = new Place(kind, width);
        places.add(place);
        return place;
    }

    long bytes() {
        long bytes = 0;
        for (Place place : places) {
            bytes += place.all.bytes();
        }
        return bytes;
    }

    @Override
    public void close() {
        places.forEach(Place::close);
        places.clear();
    }
}
