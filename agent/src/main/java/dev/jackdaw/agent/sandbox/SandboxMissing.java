package dev.jackdaw.agent.sandbox;

/// There is no way to lock a program up on this machine, so it is not run. The message says what to install.
public final class SandboxMissing extends RuntimeException {
    SandboxMissing(String message) {
        super(message);
    }
}
