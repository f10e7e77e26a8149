/// # From a file on disk to the next token
/// Read in this order: `format` (the files), `token` (text to ids and back), `arch` (ids to logits), `generate` (logits to text).
package dev.jackdaw.model;
