package dev.jackdaw.train.eval;

import dev.jackdaw.train.data.DataException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What a model answered, a JSON line for each answer as it comes: the first line holds the settings. An evaluation that was killed goes
/// on where it was; half a line at the end is dropped. Without a file it only remembers.
final class AnswerFile implements AutoCloseable {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    /// One answer.
    ///
    /// @param item   index of the item
    /// @param sample which of its answers, from 0
    /// @param id     of the item
    /// @param values what it counts for, by the names of metrics
    /// @param detail what people want to read
    record Answer(int item, int sample, String id, Map<String, Double> values, Map<String, Object> detail) {
    }

    private record Head(Map<String, Object> settings) {
    }

    private final Path path;                  // or null
    private final FileChannel channel;        // or null
    private final List<Answer> answers = new ArrayList<>();

    private AnswerFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /// @param path or null
    static AnswerFile open(Path path, Map<String, Object> settings) throws IOException {
        if (path == null) {
            return new AnswerFile(null, null);
        }
        Files.createDirectories(path.toAbsolutePath().getParent());
        FileChannel channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() == null) {
                throw new DataException("answers: " + path + " is being written by another evaluation; wait for it, or give another --out");
            }
            AnswerFile file = new AnswerFile(path, channel);
            file.restore(settings);
            return file;
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw new DataException("answers: " + path + " is being written by this evaluation already; do two models or tasks have the same name?", e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private void restore(Map<String, Object> settings) throws IOException {
        byte[] bytes = Files.readAllBytes(path);
        int whole = bytes.length;
        while (whole > 0 && bytes[whole - 1] != '\n') {
            whole--;
        }
        channel.truncate(whole).position(whole);
        String[] lines = new String(bytes, 0, whole, StandardCharsets.UTF_8).split("\n");
        if (whole == 0) {
            append(new Head(settings));
            return;
        }
        try {
            compare(MAPPER.readTree(lines[0]).path("settings"), MAPPER.valueToTree(settings));
        } catch (JacksonException e) {
            throw new DataException("answers: " + path + ", line 1: not written by an evaluation; give another --out", e);
        }
        for (int i = 1; i < lines.length; i++) {
            try {
                answers.add(MAPPER.readValue(lines[i], Answer.class));
            } catch (JacksonException e) {
                throw new DataException("answers: " + path + ", line " + (i + 1) + " is damaged: " + e.getOriginalMessage() + "; remove the line, or give another --out", e);
            }
        }
    }

    private void compare(JsonNode then, JsonNode now) {
        Set<String> names = new LinkedHashSet<>(then.propertyNames());
        names.addAll(now.propertyNames());
        for (String name : names) {
            String before = text(then.path(name)), after = text(now.path(name));
            if (!before.equals(after)) {
                throw new DataException("answers: " + path + " was begun with other settings: " + name + " was " + before + ", now it is " + after
                        + "; give another --out, or the old settings to go on");
            }
        }
    }

    private static String text(JsonNode value) {
        return value.isMissingNode() ? "not set" : value.isString() ? value.stringValue() : value.toString();
    }

    /// May be called from any thread.
    synchronized void add(Answer answer) throws IOException {
        answers.add(answer);
        append(answer);
    }

    private void append(Object line) throws IOException {
        if (channel != null) {
            ByteBuffer bytes = ByteBuffer.wrap((MAPPER.writeValueAsString(line) + '\n').getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
    }

    /// In the order in which they came.
    synchronized List<Answer> answers() {
        return List.copyOf(answers);
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.force(true);
            channel.close();
        }
    }
}
