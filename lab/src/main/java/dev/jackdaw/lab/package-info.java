/// # The lab
/// Takes models apart. `probe` asks how facts are stored and read: the reversal curse, memorisation, the logit lens, attention pictures.
package dev.jackdaw.lab;
