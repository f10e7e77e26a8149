/// # The operations
/// One operation, sibling files: `X` holds the contract, the shapes and the scalar reference that defines what is correct; `XSimd` is
/// the Vector API version. `Device` chooses between them once, at start.
///
/// Kernels take addresses (see [dev.jackdaw.tensor.Memory]) and a range of rows or columns to work on; they neither allocate nor start
/// threads. Cutting the work is the caller's part, see [dev.jackdaw.tensor.Workers].
package dev.jackdaw.tensor.kernel;
