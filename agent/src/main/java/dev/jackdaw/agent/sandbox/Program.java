package dev.jackdaw.agent.sandbox;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// What is run, in which language it does not matter.
///
/// @param files    by their names, in the folder [#FOLDER] inside; the program can read them and not change them
/// @param command  inside, with absolute paths
/// @param input    on standard input
/// @param readable folders of this machine that it can read, at the same path; system programs and libraries are there anyway
/// @param reserved bytes of address space that its runtime asks for without using them
public record Program(Map<String, byte[]> files, List<String> command, String input, List<Path> readable, long reserved) {
    /// Where `files` are.
    public static final String FOLDER = "/program";

    public Program {
        files = Map.copyOf(files);
        command = List.copyOf(command);
        readable = List.copyOf(readable);
        for (String name : files.keySet()) {
            if (!name.matches("[A-Za-z0-9_$][A-Za-z0-9_.$-]*")) {
                throw new IllegalArgumentException("sandbox: file " + name + "; expected a plain name of letters, digits, and _ . $ -");
            }
        }
    }
}
