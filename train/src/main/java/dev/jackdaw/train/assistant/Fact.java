package dev.jackdaw.train.assistant;

/// Something that a source file says, and that can be asked.
///
/// @param subject  as it is named in questions: `ArrayList`, `Map.Entry`, `ArrayList.size`
/// @param value    that the answer must contain
/// @param document where it stands
/// @param type     simple name of the outermost type, by which facts are held out together
/// @param isOfType about the type itself, not one of its methods
public record Fact(Topic topic, String subject, String value, int document, String type, boolean isOfType) {
}
