package dev.jackdaw.serve.http;

import java.util.LinkedHashMap;
import java.util.Map;

/// Why a request is not fulfilled: a status, a message for people, and for programs a stable code and the field that is at fault.
/// Handlers throw it; [Errors] writes it in the form that the path's clients know.
public final class ApiError extends RuntimeException {
    private final int status;
    private final String code;
    private final String param;
    private final int retryAfterSeconds;

    /// @param param the field, as in `messages[2].content`, or null
    /// @param retryAfterSeconds 0: trying again will not help
    public ApiError(int status, String code, String param, String message, int retryAfterSeconds) {
        super(message, null, false, false);
        this.status = status;
        this.code = code;
        this.param = param;
        this.retryAfterSeconds = retryAfterSeconds;
    }

    public static ApiError bad(String param, String message) {
        return new ApiError(400, "invalid_value", param, message, 0);
    }

    public static ApiError bad(String code, String param, String message) {
        return new ApiError(400, code, param, message, 0);
    }

    public static ApiError missing(String code, String message) {
        return new ApiError(404, code, null, message, 0);
    }

    public static ApiError refused(String code, String message) {
        return new ApiError(403, code, null, message, 0);
    }

    public static ApiError tooMany(String code, String message, int retryAfterSeconds) {
        return new ApiError(429, code, null, message, retryAfterSeconds);
    }

    public static ApiError tooLarge(String message) {
        return new ApiError(413, "request_too_large", null, message, 0);
    }

    public int status() {
        return status;
    }

    public String code() {
        return code;
    }

    public String param() {
        return param;
    }

    public int retryAfterSeconds() {
        return retryAfterSeconds;
    }

    /// As OpenAI names kinds of errors.
    public String type() {
        return switch (status) {
            case 401 -> "authentication_error";
            case 403 -> "permission_error";
            case 404 -> "not_found_error";
            case 429 -> "rate_limit_error";
            default -> status < 500 ? "invalid_request_error" : "server_error";
        };
    }

    /// `{"error": {"message", "type", "param", "code"}}`
    public Map<String, Object> toMap() {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("message", getMessage());
        error.put("type", type());
        error.put("param", param);
        error.put("code", code);
        return Map.of("error", error);
    }
}
