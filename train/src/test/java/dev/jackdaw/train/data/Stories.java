package dev.jackdaw.train.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/// A small corpus for whole runs: sentences of a small grammar, so that there is something to learn.
public final class Stories {
    private static final String[] WHO = {"the cat", "a dog", "one bird", "my friend", "the old man"}, DOES = {"sees", "hears", "follows", "likes"},
            WHERE = {"in the house", "by the river", "at night", ""};

    private Stories() {
    }

    /// Sixty files in a new folder, always the same.
    public static Path write(Path folder) throws IOException {
        Files.createDirectory(folder);
        Random random = new Random(5);
        for (int file = 0; file < 60; file++) {
            StringBuilder text = new StringBuilder("Story number " + random.nextInt(100_000) + ".\n");
            for (int i = 0; i < 60; i++) {
                text.append(WHO[random.nextInt(5)]).append(' ').append(DOES[random.nextInt(4)]).append(' ').append(WHO[random.nextInt(5)]).append(' ')
                        .append(WHERE[random.nextInt(4)]).append(" and says ").append(random.nextInt(1000)).append(".\n");
            }
            Files.writeString(folder.resolve(file + ".txt"), text);
        }
        return folder;
    }
}
