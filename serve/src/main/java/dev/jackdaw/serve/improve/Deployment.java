package dev.jackdaw.serve.improve;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;

/// Which versions of a model are served under one name: `deployment.json`. An answer to a request comes from [#pick].
///
/// @param folder  of the deployment
/// @param current the version that is served
/// @param earlier versions that were served before it, the last one last: the way back
/// @param canary  a version on trial, or null
/// @param share   of the keys that get the canary, 0 to 1
/// @param changed when this was decided
public record Deployment(String name, Path folder, int current, List<Integer> earlier, Integer canary, double share, String changed) {
    /// One version as it is served.
    public record Version(String name, int number, Path model, boolean isCanary) {
        /// As in `birds@v3`.
        public String id() {
            return name + "@v" + number;
        }
    }

    public Deployment {
        earlier = List.copyOf(earlier);
        if (current < 1 || !(share >= 0 && share <= 1) || canary != null && (canary < 1 || canary == current)) {
            throw new IllegalArgumentException("deployment " + name + ": current version " + current + ", canary " + canary + " with a share of " + share
                    + "; expected versions from 1, a canary that is not the current one, and a share from 0 to 1");
        }
    }

    /// The version that a rollback leads to, or null.
    public Integer previous() {
        return earlier.isEmpty() ? null : earlier.getLast();
    }

    public Version version(int number) {
        return new Version(name, number, folder.resolve("v" + number).resolve(Lineage.PARAMETERS), canary != null && canary == number);
    }

    /// Who answers this user or session. The same key gets the same version for as long as the canary and its share stay; a larger share only adds
    /// keys. Another canary meets other keys first, so that nobody is always the one it is tried on.
    ///
    /// @param key of the user or the session; null: the current version
    public Version pick(String key) {
        return version(canary != null && key != null && position(name + "\n" + canary + "\n" + key) < share ? canary : current);
    }

    /// A number in [0, 1) that depends on the text alone: the first 53 bits of its SHA-256.
    private static double position(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            long bits = 0;
            for (int i = 0; i < 8; i++) {
                bits = bits << 8 | hash[i] & 0xFF;
            }
            return (bits >>> 11) * 0x1.0p-53;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    // ---- what a decision makes of it

    Deployment promoted(int version, String now) {
        if (version == current) {
            return new Deployment(name, folder, current, earlier, null, 0, now);
        }
        List<Integer> way = new ArrayList<>(earlier);
        way.add(current);
        return new Deployment(name, folder, version, way, null, 0, now);
    }

    Deployment trying(Integer version, double toShare, String now) {
        return new Deployment(name, folder, current, earlier, version, version == null ? 0 : toShare, now);
    }

    /// A canary ends first; without one, the version before is served again.
    Deployment rolledBack(String now) {
        return canary != null ? trying(null, 0, now) : new Deployment(name, folder, earlier.getLast(), earlier.subList(0, earlier.size() - 1), null, 0, now);
    }
}
