package dev.jackdaw.train.data;

/// One text: a file, an entry of an archive, a line of JSONL, or a piece of a long book.
///
/// @param id    where it came from, as a path inside its source: `java.base/java/lang/String.java`, `chats.jsonl#17`, `book.txt#3`
/// @param kind  what it is written in
/// @param bytes its text; as found on disk before cleaning, valid UTF-8 with `\n` line ends after it
public record Document(String id, Kind kind, byte[] bytes) {
}
