package dev.jackdaw.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// JSON for the command line: records out, records in. Components that are null are left out.
final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .changeDefaultPropertyInclusion(inclusion -> inclusion.withValueInclusion(JsonInclude.Include.NON_NULL))
            .disable(tools.jackson.databind.MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .build();

    private Json() {
    }

    /// `value` as one line.
    static String write(Object value) {
        return MAPPER.writeValueAsString(value);
    }

    static JsonNode read(String text) {
        return MAPPER.readTree(text);
    }

    /// A JSON array as plain Java values.
    static java.util.List<?> list(JsonNode array) {
        return MAPPER.convertValue(array, java.util.List.class);
    }

    /// A JSON object as plain Java values.
    @SuppressWarnings("unchecked")
    static java.util.Map<String, Object> map(JsonNode object) {
        return MAPPER.convertValue(object, java.util.Map.class);
    }

    static <T> T read(String text, Class<T> type) {
        return MAPPER.readValue(text, type);
    }
}
