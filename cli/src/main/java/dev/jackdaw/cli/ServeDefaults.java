package dev.jackdaw.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/// What options of `serve` are that were not given: from the environment (`JACKDAW_SERVE_MAX_BODY` for `--max-body`), else from the file that
/// `--config` or `JACKDAW_SERVE_CONFIG` names, a YAML object with the options' names (`max-body: 16m`), else their usual value.
final class ServeDefaults implements IDefaultValueProvider {
    private static final String PREFIX = "JACKDAW_SERVE_";
    private static final String CONFIG = "config";

    private final Function<String, String> environment;
    private JsonNode file;
    private Path read;

    ServeDefaults() {
        this(System::getenv);
    }

    ServeDefaults(Function<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public String defaultValue(ArgSpec spec) throws IOException {
        String name = spec instanceof OptionSpec option ? option.longestName().replaceFirst("^--", "") : "models";
        String own = environment.apply(PREFIX + name.toUpperCase(Locale.ROOT).replace('-', '_'));
        if (own != null) {
            return own;
        }
        if (name.equals(CONFIG) || name.equals("help")) {
            return null;
        }
        Path path = config(spec.command().commandLine());
        if (path == null) {
            return null;
        }
        JsonNode value = file(path, spec.command().commandLine()).get(name);
        return value == null || value.isNull() ? null : text(value);
    }

    private Path config(CommandLine line) {
        List<String> arguments = root(line).getParseResult() == null ? List.of() : root(line).getParseResult().originalArgs();
        for (int i = 0; i < arguments.size(); i++) {
            if (arguments.get(i).startsWith("--config=")) {
                return Path.of(arguments.get(i).substring("--config=".length()));
            }
            if (arguments.get(i).equals("--config") && i + 1 < arguments.size()) {
                return Path.of(arguments.get(i + 1));
            }
        }
        String named = environment.apply(PREFIX + "CONFIG");
        return named == null ? null : Path.of(named);
    }

    private static CommandLine root(CommandLine line) {
        return line.getParent() == null ? line : root(line.getParent());
    }

    private JsonNode file(Path path, CommandLine line) throws IOException {
        if (path.equals(read)) {
            return file;
        }
        JsonNode found;
        try {
            found = new YAMLMapper().readTree(Files.readString(path));
        } catch (JacksonException e) {
            throw new IOException("serve: " + path + " is not YAML: " + e.getOriginalMessage(), e);
        }
        if (found == null || !found.isObject()) {
            throw new IOException("serve: " + path + " must be a YAML object with names of options, such as port: 8080");
        }
        Map<String, OptionSpec> options = line.getCommandSpec().optionsMap();
        for (String name : found.propertyNames()) {
            if (!options.containsKey("--" + name) && !name.equals("models") || name.equals(CONFIG)) {
                throw new IOException("serve: " + path + " sets " + name + ", which is no option of serve; jackdaw serve --help lists them");
            }
        }
        file = found;
        read = path;
        return file;
    }

    /// Lists as picocli splits them.
    private static String text(JsonNode value) {
        return value.isArray() ? StreamSupport.stream(value.spliterator(), false).map(JsonNode::asString).collect(Collectors.joining(",")) : value.asString();
    }
}
