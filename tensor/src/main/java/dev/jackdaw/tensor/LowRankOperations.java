package dev.jackdaw.tensor;

/// What low-rank adapters need while they are trained; `dev.jackdaw.tensor.grad.AdaptedLinear` has the formulas. All tensors are F32 and row-major,
/// `r` is a rank and small, `column` the first of `F` columns of a wider matrix. The bits do not depend on the number of threads.
public interface LowRankOperations {
    /// y[n,column+f] += Σ_r z[r,n] · b[r,f]                       z `[r,N]`, b `[r,F]`, y `[N,…]`
    void outer(Tensor y, long column, Tensor z, Tensor b);

    /// dz[r,n] = Σ_f b[r,f] · dy[n,column+f], and db[r,f] (added where `accumulate`) Σ_n z[r,n] · dy[n,column+f]
    void outerBackward(Tensor dz, Tensor db, Tensor dy, long column, Tensor z, Tensor b, boolean accumulate);

    /// dx[n,c] += Σ_r dz[r,n] · a[r,c] unless it is null, and da[r,c] (added where `accumulate`) Σ_n dz[r,n] · x[n,c]
    void innerBackward(Tensor dx, Tensor da, Tensor dz, Tensor x, Tensor a, boolean accumulate);

    /// y[i] = x[i] / (1 − share) or 0, by chance that follows from seed, pass and i alone; added to y where `add`.
    void dropout(Tensor y, Tensor x, float share, long seed, long pass, boolean add);

    /// y[n,f] = x[n,f] · factors[f] + residual[n,f]; the residual may be null.
    void scaleColumns(Tensor y, Tensor x, Tensor factors, Tensor residual);

    /// For rows `row` on of W + s·B·A: inverse = 1/‖…‖, factors = magnitude · inverse.
    ///
    /// @param squares   of the rows of all of W
    /// @param along     `[R,…]`, A·Wᵀ, whose rows from `rank` on belong to this b
    /// @param gram      `[R,R]`, A·Aᵀ
    /// @param b         `[r,F]`
    void norms(Tensor factors, Tensor inverse, long row, Tensor magnitude, Tensor squares, Tensor along, Tensor gram, long rank, Tensor b, float scale);

    /// dMagnitude[f] += inverse[column+f] · Σ_n dy[n,column+f] · product[n,column+f]
    void magnitudeBackward(Tensor dMagnitude, Tensor dy, Tensor product, Tensor inverse, long column);
}
