package dev.jackdaw.train.eval;

import dev.jackdaw.train.data.DataException;
import io.airlift.compress.v3.zstd.ZstdInputStream;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The rows of a data set: JSONL, JSON (an array of objects, or an object that holds one) or CSV, plain, `.gz` or `.zst`; of a folder all
/// such files in the order of their names.
///
/// @param fingerprint SHA-256 of the files
record Rows(List<Row> rows, String fingerprint) {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    static final List<String> FORMATS = List.of("jsonl", "json", "csv");

    /// @param place  file and line, or file and number, for messages
    /// @param file   its name without endings
    /// @param fields texts, numbers, booleans, lists and maps
    record Row(String place, String file, Map<String, Object> fields) {
    }

    /// @param format  one of [#FORMATS], or null: by the name
    /// @param columns of a CSV file without a head, or null
    static Rows read(Path path, String format, List<String> columns) throws IOException {
        MessageDigest digest = sha256();
        List<Row> rows = new ArrayList<>();
        if (Files.isDirectory(path)) {
            List<Path> files;
            try (Stream<Path> entries = Files.list(path)) {
                files = entries.filter(file -> Files.isRegularFile(file) && formatOf(file) != null).sorted().toList();
            }
            if (files.isEmpty()) {
                throw new DataException("data: the folder " + path + " holds no file ending in .jsonl, .json or .csv (or these with .gz or .zst)");
            }
            for (Path file : files) {
                read(file, format, columns, rows, digest);
            }
        } else {
            read(path, format, columns, rows, digest);
        }
        if (rows.isEmpty()) {
            throw new DataException("data: " + path + " has no rows");
        }
        return new Rows(rows, HexFormat.of().formatHex(digest.digest()));
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);                    // every JDK has it
        }
    }

    private static String stem(Path file) {
        return file.getFileName().toString().replaceFirst("(?i)\\.(gz|zst)$", "");
    }

    private static String formatOf(Path file) {
        String name = stem(file).toLowerCase(Locale.ROOT);
        return name.endsWith(".jsonl") || name.endsWith(".ndjson") ? "jsonl" : name.endsWith(".json") ? "json" : name.endsWith(".csv") ? "csv" : null;
    }

    private static void read(Path file, String format, List<String> columns, List<Row> rows, MessageDigest digest) throws IOException {
        String kind = format != null ? format : formatOf(file);
        if (kind == null) {
            throw new DataException("data: " + file + ": its name does not say what it is; give format: " + String.join(", ", FORMATS));
        }
        byte[] packed = Files.readAllBytes(file);
        digest.update(packed);
        String name = file.getFileName().toString(), stem = stem(file).replaceFirst("\\.[A-Za-z]+$", "");
        String text = new String(unpack(file, packed), StandardCharsets.UTF_8);
        switch (kind) {
            case "jsonl" -> lines(name, stem, text, rows);
            case "json" -> json(name, stem, text, rows);
            default -> csv(name, stem, text, columns, rows);
        }
    }

    private static byte[] unpack(Path file, byte[] packed) throws IOException {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".gz") && !name.endsWith(".zst")) {
            return packed;
        }
        try (InputStream in = name.endsWith(".gz") ? new GZIPInputStream(new ByteArrayInputStream(packed)) : new ZstdInputStream(new ByteArrayInputStream(packed))) {
            return in.readAllBytes();
        } catch (IOException | RuntimeException e) {
            throw new DataException("data: " + file + " cannot be unpacked: " + e.getMessage(), e);
        }
    }

    private static void lines(String name, String stem, String text, List<Row> rows) throws IOException {
        BufferedReader reader = new BufferedReader(new StringReader(text));
        int number = 0;
        for (String line; (line = reader.readLine()) != null; ) {
            number++;
            if (!line.isBlank()) {
                String place = name + ", line " + number;
                try {
                    rows.add(row(place, stem, MAPPER.readTree(line)));
                } catch (JacksonException e) {
                    throw new DataException("data: " + place + ": not valid JSON: " + e.getOriginalMessage(), e);
                }
            }
        }
    }

    private static void json(String name, String stem, String text, List<Row> rows) {
        JsonNode root;
        try {
            root = MAPPER.readTree(text);
        } catch (JacksonException e) {
            throw new DataException("data: " + name + ", line " + e.getLocation().getLineNr() + ": not valid JSON: " + e.getOriginalMessage(), e);
        }
        JsonNode list = root;
        if (root.isObject()) {
            List<JsonNode> arrays = root.valueStream().filter(JsonNode::isArray).toList();
            list = arrays.size() == 1 ? arrays.getFirst() : root;
        }
        if (!list.isArray()) {
            throw new DataException("data: " + name + ": expected an array of objects, or an object with one array of objects in it, found " + root.getNodeType());
        }
        for (int i = 0; i < list.size(); i++) {
            rows.add(row(name + ", entry " + (i + 1), stem, list.get(i)));
        }
    }

    @SuppressWarnings("unchecked")
    private static Row row(String place, String stem, JsonNode node) {
        if (!node.isObject()) {
            throw new DataException("data: " + place + ": expected an object with fields, found " + node.getNodeType());
        }
        return new Row(place, stem, MAPPER.convertValue(node, Map.class));
    }

    private static void csv(String name, String stem, String text, List<String> columns, List<Row> rows) {
        List<Csv.Entry> entries = Csv.read("data: " + name, text);
        List<String> head = columns != null ? columns : entries.isEmpty() ? List.of() : entries.getFirst().fields();
        for (Csv.Entry entry : entries.subList(columns != null || entries.isEmpty() ? 0 : 1, entries.size())) {
            if (entry.fields().size() != head.size()) {
                throw new DataException("data: " + name + ", line " + entry.line() + ": " + entry.fields().size() + " fields, expected " + head.size() + ": " + String.join(", ", head));
            }
            Map<String, Object> fields = new LinkedHashMap<>();
            for (int i = 0; i < head.size(); i++) {
                fields.put(head.get(i), entry.fields().get(i));
            }
            rows.add(new Row(name + ", line " + entry.line(), stem, fields));
        }
    }
}
