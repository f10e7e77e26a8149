/// # Hostile input
/// Every reader against bytes and texts nobody meant well: [Mutations] (damage that knows the structure), [Fuzz] (runs a reader within
/// its limits), [ReaderFuzzTest] (the readers, a few seconds each), [ReaderFuzzSlowTest] (the same for minutes: `-Dgroups=slow
/// -DexcludedGroups=`, with `-Djackdaw.fuzz.seconds=N` for another time).
package dev.jackdaw.model.fuzz;
