package dev.jackdaw.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// Goes through JSON lines from a file or, for `-`, from standard input. A bad line is an error that names it.
final class JsonLinesInput {
    private JsonLinesInput() {
    }

    static void forEach(String file, InputStream in, Consumer<JsonNode> action) throws IOException {
        boolean isStandardInput = file.equals("-");
        try (InputStream bytes = isStandardInput ? in : Files.newInputStream(Path.of(file));
             var reader = new BufferedReader(new InputStreamReader(bytes, StandardCharsets.UTF_8))) {
            int number = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (line.isBlank()) {
                    continue;
                }
                try {
                    JsonNode node = Json.read(line);
                    if (!node.isObject()) {
                        throw new IllegalArgumentException("expected an object such as {\"text\": \"…\"}, found " + node.getNodeType());
                    }
                    action.accept(node);
                } catch (JacksonException e) {
                    throw new IllegalArgumentException(where(file, number) + "not valid JSON: " + e.getOriginalMessage(), e);
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException(where(file, number) + e.getMessage(), e);
                }
            }
        }
    }

    private static String where(String file, int number) {
        return (file.equals("-") ? "standard input" : file) + ", line " + number + ": ";
    }

    /// A text that must be there.
    static String text(JsonNode line, String field) {
        JsonNode value = line.path(field);
        if (!value.isString()) {
            throw new IllegalArgumentException("expected a text in \"" + field + "\", found " + (value.isMissingNode() ? "nothing" : value));
        }
        return value.stringValue();
    }

    static boolean flag(JsonNode line, String field, boolean otherwise) {
        JsonNode value = line.path(field);
        if (value.isMissingNode() || value.isNull()) {
            return otherwise;
        }
        if (!value.isBoolean()) {
            throw new IllegalArgumentException("expected true or false in \"" + field + "\", found " + value);
        }
        return value.booleanValue();
    }

    static int[] ids(JsonNode line, String field) {
        JsonNode value = line.path(field);
        if (!value.isArray()) {
            throw new IllegalArgumentException("expected an array of numbers in \"" + field + "\", found " + (value.isMissingNode() ? "nothing" : value));
        }
        int[] ids = new int[value.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = value.get(i);
            if (!id.isInt()) {
                throw new IllegalArgumentException("expected whole numbers in \"" + field + "\", found " + id);
            }
            ids[i] = id.intValue();
        }
        return ids;
    }
}
