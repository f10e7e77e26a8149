package dev.jackdaw.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jackdaw.serve.Server;
import dev.jackdaw.serve.ServerSettings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/// What is said about options in files that no compiler reads.
class PackagingTest {
    private static final Path FOLDER = Path.of("../packaging");
    private static final Set<String> OPTIONS = new HashSet<>(JackdawCommand.commandLine(InputStream.nullInputStream(), "serve").getSubcommands().get("serve").getCommandSpec().optionsMap().keySet());

    @Test
    void variablesOfTheEnvironmentAreOptions() throws IOException {
        for (String file : List.of("Containerfile", "kubernetes.yaml")) {
            Matcher variable = Pattern.compile("JACKDAW_SERVE_([A-Z_]+)").matcher(Files.readString(FOLDER.resolve(file)));
            int found = 0;
            while (variable.find()) {
                found++;
                String name = variable.group(1).toLowerCase(Locale.ROOT).replace('_', '-');
                assertThat(name.equals("models") || OPTIONS.contains("--" + name)).as(file + ": " + variable.group()).isTrue();
            }
            assertThat(found).isPositive();
        }
    }

    @Test
    void theUnitStartsWhatThereIs() throws IOException {
        String unit = Files.readString(FOLDER.resolve("jackdaw.service"));
        Matcher option = Pattern.compile("(?m)^ExecStart=.* serve (--[a-z-]+)").matcher(unit);
        assertThat(option.find()).isTrue();
        assertThat(OPTIONS).contains(option.group(1));
        Matcher setting = Pattern.compile("(?m)^#   ([a-z-]+): ").matcher(unit);
        while (setting.find()) {
            assertThat(setting.group(1).equals("models") || OPTIONS.contains("--" + setting.group(1))).as(setting.group(1)).isTrue();
        }
    }

    @Test
    void theHealthCheckTellsAServerFromNone(@TempDir Path folder) throws IOException, InterruptedException {
        Matcher check = Pattern.compile("(?m)^HEALTHCHECK .*CMD (\\[.*])$").matcher(Files.readString(FOLDER.resolve("Containerfile")));
        assertThat(check.find()).isTrue();
        ServerSettings usual = ServerSettings.of(0, List.of());
        int port;
        try (Server server = Server.start(new ServerSettings(usual.network(), usual.limits(), usual.models(),
                new ServerSettings.Data(folder.resolve("feedback.db").toString(), ServerSettings.Keep.NOTHING, 0, folder, false)))) {
            port = server.port();
            assertThat(exit(check.group(1), port)).isZero();
        }
        assertThat(exit(check.group(1), port)).isNotZero();
    }

    private static int exit(String command, int port) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>();
        Json.read(command.replace("8080", Integer.toString(port))).forEach(word -> words.add(word.asString()));
        Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
        process.getInputStream().readAllBytes();
        return process.waitFor();
    }

    @Test
    void theManifestIsWhole() throws IOException {
        List<JsonNode> objects = new ArrayList<>();
        YAMLMapper yaml = new YAMLMapper();
        for (String document : Files.readString(FOLDER.resolve("kubernetes.yaml")).split("(?m)^---$")) {
            objects.add(yaml.readTree(document));
        }
        Set<String> claims = new HashSet<>();
        objects.stream().filter(each -> each.path("kind").asString().equals("PersistentVolumeClaim")).forEach(each -> claims.add(each.at("/metadata/name").asString()));
        JsonNode server = objects.stream().filter(each -> each.path("kind").asString().equals("Deployment") && each.at("/metadata/name").asString().equals("jackdaw")).findFirst().orElseThrow();
        JsonNode pod = server.at("/spec/template/spec"), container = pod.path("containers").get(0);
        assertThat(server.at("/spec/replicas").asInt()).isGreaterThan(1);
        assertThat(container.at("/readinessProbe/httpGet/path").asString()).isEqualTo("/ready");
        assertThat(container.at("/livenessProbe/httpGet/path").asString()).isEqualTo("/health");
        assertThat(container.at("/resources/limits/memory").asString()).isNotEmpty();
        Set<String> volumes = new HashSet<>();
        for (JsonNode volume : pod.path("volumes")) {
            volumes.add(volume.path("name").asString());
            assertThat(volume.path("persistentVolumeClaim").isMissingNode() || claims.contains(volume.at("/persistentVolumeClaim/claimName").asString())).isTrue();
        }
        for (JsonNode mount : container.path("volumeMounts")) {
            assertThat(volumes).contains(mount.path("name").asString());
        }
        int grace = 0;
        for (JsonNode variable : container.path("env")) {
            grace = variable.path("name").asString().equals("JACKDAW_SERVE_GRACE") ? Integer.parseInt(variable.path("value").asString()) : grace;
        }
        assertThat(pod.path("terminationGracePeriodSeconds").asInt()).isGreaterThan(grace);
    }
}
