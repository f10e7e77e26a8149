/// # From a file on disk to the next token
/// Read in this order: `format` (the files), `family` (what each family of models calls things), `token` (text to ids
/// and back), `arch` (ids to logits), `generate` (logits to text), `embed` (texts to vectors).
package dev.jackdaw.model;
