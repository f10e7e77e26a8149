/// # What is said about answers
/// Answers that were given, what people and automatic checks say about them, labels, and the privacy choices over all of it: one database.
package dev.jackdaw.serve.feedback;
