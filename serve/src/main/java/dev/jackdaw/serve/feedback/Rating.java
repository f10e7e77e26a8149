package dev.jackdaw.serve.feedback;

/// What a person thinks of an answer.
///
/// @param person     as stored, see [People]
/// @param reason     why, or null
/// @param correction what should have been answered, or null
public record Rating(String id, long created, String answerId, String person, boolean isUp, String reason, String correction) {
    /// `up` or `down`.
    public String verdict() {
        return isUp ? "up" : "down";
    }
}
