package dev.jackdaw.tensor.grad;

import java.util.List;

/// What is trained beside a frozen weight W `[F,C]`: for some of its rows a pair whose product is added to them, W + s·B·A (Hu et al.,
/// "LoRA", 2021). A weight that stands for several, q, k and v, has a part for each.
///
/// With magnitudes m `[F]` (Liu et al., "DoRA", 2024) those rows are m·(W + s·B·A)/‖W + s·B·A‖; the norm counts as a constant in the gradient,
/// as in section 4.3 of the paper.
///
/// One deviation from PEFT: with dropout, all parts of a weight see the same numbers of x dropped; and the product with W itself, which
/// magnitudes scale, sees none dropped.
///
/// @param a       `[R,C]`, the A of all parts, one under the other
/// @param squares `[F]`, ‖W[f]‖² of each row; null without magnitudes
/// @param dropout the share of x that the pairs do not see while training
/// @param seed    of what is dropped
public record LowRank(Value a, List<Part> parts, Value squares, float dropout, long seed) {
    /// Changes rows `row` to `row + F − 1` of the weight.
    ///
    /// @param b         `[r,F]`: Bᵀ, so that everything long lies along rows
    /// @param scale     `s`
    /// @param magnitude `[F]` or null
    public record Part(Value b, float scale, long row, Value magnitude) {
        long rank() {
            return b.rows();
        }
    }

    public LowRank {
        parts = List.copyOf(parts);
        if (parts.stream().mapToLong(Part::rank).sum() != a.rows() || dropout < 0 || dropout >= 1) {
            throw new IllegalArgumentException("low-rank change: A " + a + " for parts " + parts + " with dropout " + dropout + "; ranks must add up, and dropout be from 0 to below 1");
        }
    }

    boolean scalesRows() {
        return squares != null;
    }

    /// Places for one use of it in a plan; `N` rows of x.
    ///
    /// @param inner   `[R,N]`, s·A·xᵀ, kept for the way back
    /// @param dInner  `[R,N]`
    /// @param dropped `[N,C]`, x without what is dropped; null without dropout
    /// @param again   the same on the way back
    /// @param rows    null without magnitudes
    record Room(Value inner, Value dInner, Value dropped, Value again, Rows rows) {
        static Room of(LowRank change, Value x, Value w, String name) {
            long N = x.rows(), R = change.a.rows(), C = x.width();
            return new Room(Value.planned(name + "inner", R, N), Value.planned(name + "inner-gradient", R, N),
                    change.dropout == 0 ? null : Value.planned(name + "dropped", N, C), change.dropout == 0 ? null : Value.planned(name + "dropped-again", N, C),
                    change.scalesRows() ? Rows.of(N, R, w.rows(), name) : null);
        }
    }

    /// Places for magnitudes.
    ///
    /// @param product  `[N,F]`, x·(W + s·B·A)ᵀ, kept for the way back
    /// @param dProduct `[N,F]`
    /// @param factors  `[F]`, m/‖W + s·B·A‖; 1 for rows without magnitude
    /// @param inverse  `[F]`, 1/‖W + s·B·A‖; 0 for rows without magnitude
    /// @param along    `[R,F]`, A·Wᵀ
    /// @param gram     `[R,R]`, A·Aᵀ
    record Rows(Value product, Value dProduct, Value factors, Value inverse, Value along, Value gram) {
        static Rows of(long N, long R, long F, String name) {
            return new Rows(Value.planned(name + "product", N, F), Value.planned(name + "product-gradient", N, F), Value.planned(name + "factors", F), Value.planned(name + "inverse", F),
                    Value.planned(name + "along", R, F), Value.planned(name + "gram", R, R));
        }
    }
}
