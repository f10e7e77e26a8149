package dev.jackdaw.serve.feedback;

import java.util.List;
import java.util.Map;

/// Where further answers to a conversation come from.
@FunctionalInterface
public interface Candidates {
    /// @param model    that gave the first answer
    /// @param messages of the conversation up to the answer, in the form of OpenAI's API
    /// @param count    how many to sample; fewer may come, and equal ones
    /// @throws dev.jackdaw.serve.http.ApiError with the status 404 if the model is not there any more; then it is not asked again for this conversation
    List<String> sample(String model, List<Map<String, Object>> messages, int count);
}
