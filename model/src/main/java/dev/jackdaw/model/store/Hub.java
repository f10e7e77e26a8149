package dev.jackdaw.model.store;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Which files of a Hugging Face repository make up a model. Asks `/api/models/ORG/REPO?blobs=true` for the list, with sizes and checksums;
/// the files themselves are at `/ORG/REPO/resolve/COMMIT/FILE`, so that all are of one commit.
final class Hub {
    private static final int MOST_LIST_BYTES = 64 << 20;
    private static final Pattern SPLIT = Pattern.compile("(.+)-(\\d{5})-of-(\\d{5})\\.gguf", Pattern.CASE_INSENSITIVE);
    /// Of a folder of safetensors: what the readers of this project want.
    private static final Pattern FOLDER_FILE = Pattern.compile("(?!consolidated)[^/]*\\.safetensors|model\\.safetensors\\.index\\.json|config\\.json|generation_config\\.json"
        + "|tokenizer\\.json|tokenizer\\.model|tokenizer_config\\.json|special_tokens_map\\.json|added_tokens\\.json|vocab\\.(json|txt)|merges\\.txt|chat_template\\.(jinja|json)"
        + "|modules\\.json|sentence_bert_config\\.json|1_Pooling/config\\.json|LICENSE[^/]*");
    private static final Set<String> FAVOURITES = new LinkedHashSet<>(List.of("Q4_K_M", "Q4_K_S", "Q4_0", "Q5_K_M", "Q8_0", "MXFP4", "BF16", "F16"));

    record RemoteFile(String name, URI uri, Download.Expected expected) { }

    /// @param title what to call the model
    record Selection(String title, String commit, List<RemoteFile> files) { }

    private final String endpoint;
    private final Download download;

    Hub(String endpoint, Download download) {
        this.endpoint = endpoint.replaceFirst("/+$", "");
        this.download = download;
    }

    Selection select(ModelSource.Repository repository) throws IOException {
        String path = repository.organization() + "/" + repository.name();
        URI uri = URI.create(endpoint + "/api/models/" + path + "?blobs=true");
        JsonNode answer;
        try {
            answer = JsonMapper.shared().readTree(new String(download.small(uri, MOST_LIST_BYTES), StandardCharsets.UTF_8));
        } catch (JacksonException e) {
            throw new IOException("pull " + repository + ": the answer of " + uri + " is not JSON: " + e.getOriginalMessage());
        }
        String commit = answer.path("sha").asString("");
        if (!commit.matches("[0-9a-f]{7,64}") || !answer.path("siblings").isArray()) {
            throw new IOException("pull " + repository + ": the answer of " + uri + " has no commit or no list of files");
        }
        Map<String, RemoteFile> files = new LinkedHashMap<>();
        for (JsonNode sibling : answer.path("siblings")) {
            String name = sibling.path("rfilename").asString("");
            if (!isSafe(name)) {
                throw new IOException("pull " + repository + ": the repository has a file named \"" + name + "\", which is no name for a file here");
            }
            JsonNode lfs = sibling.path("lfs");
            String sha256 = lfs.path("sha256").asString("").matches("[0-9a-fA-F]{64}") ? lfs.path("sha256").asString() : null;
            String git = sha256 == null && sibling.path("blobId").asString("").matches("[0-9a-f]{40}") ? sibling.path("blobId").asString() : null;
            long size = lfs.path("size").isNumber() ? lfs.path("size").asLong(-1) : sibling.path("size").asLong(-1);
            URI at = URI.create(endpoint + "/" + path + "/resolve/" + commit + "/" + escaped(name));
            files.put(name, new RemoteFile(name, at, new Download.Expected(size, sha256, git)));
        }
        return choose(repository, commit, files);
    }

    /// Everything but unreserved characters (RFC 3986, section 2.3) and slashes as `%XX`.
    private static String escaped(String path) {
        var escaped = new StringBuilder();
        for (byte octet : path.getBytes(StandardCharsets.UTF_8)) {
            boolean isPlain = octet >= 'a' && octet <= 'z' || octet >= 'A' && octet <= 'Z' || octet >= '0' && octet <= '9' || "-._~/".indexOf(octet) >= 0;
            escaped.append(isPlain ? String.valueOf((char) octet) : "%%%02X".formatted(octet & 0xff));
        }
        return escaped.toString();
    }

    /// A relative path that stays inside its folder.
    static boolean isSafe(String name) {
        if (name.isEmpty() || name.length() > 400 || name.startsWith("/") || name.contains("\\") || name.contains(":") || name.chars().anyMatch(c -> c < ' ')) {
            return false;
        }
        for (String part : name.split("/", -1)) {
            if (part.isEmpty() || part.equals(".") || part.equals("..")) {
                return false;
            }
        }
        return true;
    }

    private static Selection choose(ModelSource.Repository repository, String commit, Map<String, RemoteFile> files) throws IOException {
        Map<String, List<RemoteFile>> models = ggufModels(files);
        if (models.isEmpty() && repository.wanted() == null) {
            return new Selection(repository.name(), commit, folder(repository, files));
        }
        if (models.isEmpty()) {
            throw new IOException("pull " + repository + ": this repository has no GGUF files; without :" + repository.wanted() + " the whole model is pulled");
        }
        String key = key(repository, models);
        for (RemoteFile file : models.get(key)) {
            Matcher split = SPLIT.matcher(file.name);
            if (split.matches() && models.get(key).size() != Integer.parseInt(split.group(3))) {
                throw new IOException("pull " + repository + ": " + key + " is split into " + Integer.parseInt(split.group(3)) + " files, but the repository has " + models.get(key).size());
            }
        }
        return new Selection(key.substring(key.lastIndexOf('/') + 1).replaceFirst("(?i)\\.gguf$", ""), commit, models.get(key));
    }

    /// GGUF models, each with its files; the key is the name without the numbers of a split one.
    private static Map<String, List<RemoteFile>> ggufModels(Map<String, RemoteFile> files) {
        Map<String, List<RemoteFile>> models = new LinkedHashMap<>();
        for (RemoteFile file : files.values()) {
            String lower = file.name.toLowerCase(Locale.ROOT);
            String base = lower.substring(lower.lastIndexOf('/') + 1);
            if (lower.endsWith(".gguf") && !base.startsWith("mmproj") && !base.contains("imatrix")) {
                Matcher split = SPLIT.matcher(file.name);
                models.computeIfAbsent(split.matches() ? split.group(1) + ".gguf" : file.name, _ -> new ArrayList<>()).add(file);
            }
        }
        return models;
    }

    private static String key(ModelSource.Repository repository, Map<String, List<RemoteFile>> models) throws IOException {
        String wanted = repository.wanted();
        if (wanted == null) {
            if (models.size() == 1) {
                return models.keySet().iterator().next();
            }
            for (String favourite : FAVOURITES) {
                List<String> found = withQuantization(models.keySet(), favourite);
                if (found.size() == 1) {
                    return found.getFirst();
                }
            }
            throw new IOException("pull " + repository + ": which one? Add :FILE, of " + String.join(", ", models.keySet()));
        }
        Matcher split = SPLIT.matcher(wanted);
        String exact = split.matches() ? split.group(1) + ".gguf" : wanted;
        if (models.containsKey(exact)) {
            return exact;
        }
        List<String> found = withQuantization(models.keySet(), wanted);
        if (found.size() == 1) {
            return found.getFirst();
        }
        throw new IOException("pull " + repository + ": " + (found.isEmpty() ? "no file is named or quantised so" : "several files fit") + "; give one of "
            + String.join(", ", found.isEmpty() ? models.keySet() : found));
    }

    /// Names in which the quantisation stands as a word of its own: `Q4_K` is not in `Q4_K_M`.
    private static List<String> withQuantization(Set<String> names, String quantization) {
        Pattern word = Pattern.compile("(?i)(?:.*[-./]|)" + Pattern.quote(quantization) + "(?:\\.gguf)");
        return names.stream().filter(name -> word.matcher(name).matches()).toList();
    }

    private static List<RemoteFile> folder(ModelSource.Repository repository, Map<String, RemoteFile> files) throws IOException {
        List<RemoteFile> chosen = files.values().stream().filter(file -> FOLDER_FILE.matcher(file.name).matches()).toList();
        if (chosen.stream().noneMatch(file -> file.name.endsWith(".safetensors")) || !files.containsKey("config.json")) {
            boolean pickled = files.keySet().stream().anyMatch(name -> name.matches(".*\\.(bin|pt|pth|pkl)"));
            throw new IOException("pull " + repository + ": this repository has neither GGUF files nor config.json with safetensors"
                + (pickled ? "; it has pickled weights, which are programs and are not read" : ""));
        }
        return chosen;
    }
}
