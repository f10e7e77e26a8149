/// # How good is it
/// [BitsPerByte] measures a base model on documents it never saw, in the unit of compressors.
package dev.jackdaw.train.eval;
