package dev.jackdaw.model.store;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Files over HTTP. A connection that breaks, stalls, or is refused for now is tried again, going on where it stopped (`Range`, RFC 9110
/// section 14); what arrives is hashed on the way and compared. Redirects are followed by hand, since the token must not go to another host.
public final class Download implements AutoCloseable {
    private static final int MOST_REDIRECTS = 10;
    private static final int BUFFER = 1 << 18;
    private static final Pattern CONTENT_RANGE = Pattern.compile("bytes (\\d+)-(\\d+)/(\\d+|\\*)");

    /// How patient to be. @param tries in a row without a new byte
    public record Patience(int tries, Duration firstPause, Duration connect, Duration stall) {
        public static Patience usual() {
            return new Patience(6, Duration.ofMillis(500), Duration.ofSeconds(20), Duration.ofSeconds(60));
        }
    }

    /// Hears how it goes.
    public interface Progress {
        /// The size of all files together, once it is known.
        void total(long bytes);

        /// Bytes that are here, of all files together.
        void done(long bytes);

        void note(String text);
    }

    /// What is known of a file beforehand. @param bytes −1 if unknown @param sha256 or null @param gitSha1 of small files in a repository, or null
    record Expected(long bytes, String sha256, String gitSha1) { }

    private final HttpClient client;
    private final Patience patience;
    private final String token;
    private final String tokenHost;

    /// @param token sent to `tokenHost` only; may be null
    Download(Patience patience, String token, String tokenHost) {
        this.patience = patience;
        this.token = token;
        this.tokenHost = tokenHost;
        client = HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).connectTimeout(patience.connect).build();
    }

    /// A small document, as text.
    byte[] small(URI uri, int mostBytes) throws IOException {
        for (int attempt = 1;; attempt++) {
            try {
                HttpResponse<InputStream> response = get(uri, null, null);
                try (InputStream body = response.body()) {
                    requireSuccess(uri, response);
                    byte[] bytes = body.readNBytes(mostBytes + 1);
                    if (bytes.length > mostBytes) {
                        throw new Refused("pull " + uri + ": the answer has more than " + mostBytes + " bytes");
                    }
                    return bytes;
                }
            } catch (Refused e) {
                throw e;
            } catch (IOException e) {
                pause(uri, attempt, e, null);
            }
        }
    }

    /// Brings a file to `target`, going on with what is there. Returns its SHA-256.
    ///
    /// @param before bytes of other files that are done already, for the progress
    String file(URI uri, Path target, Expected expected, long before, Progress progress) throws IOException {
        Path tagFile = target.resolveSibling(target.getFileName() + ".etag");
        int failures = 0;
        while (true) {
            long have = Files.exists(target) ? Files.size(target) : 0;
            try {
                if (expected.bytes < 0 || have != expected.bytes || !Files.exists(target)) {            // an empty file must be made, too
                    String tag = Files.exists(tagFile) ? Files.readString(tagFile) : null;
                    fetch(uri, target, tagFile, have, tag, expected, before, progress);
                }
                break;
            } catch (Refused e) {
                throw e;
            } catch (IOException e) {
                long now = Files.exists(target) ? Files.size(target) : 0;
                failures = now > have ? 1 : failures + 1;
                pause(uri, failures, e, progress);
            }
        }
        progress.done(before + Files.size(target));
        String sha256 = check(uri, target, expected);
        Files.deleteIfExists(tagFile);
        return sha256;
    }

    /// One connection: from byte `have` on, or from the beginning if the server wants that.
    private void fetch(URI uri, Path target, Path tagFile, long have, String tag, Expected expected, long before, Progress progress) throws IOException {
        // What is here may be of an older file. A checksum will tell; without one, the server must know the tag of the file it came from.
        boolean isChecked = expected.sha256 != null || expected.gitSha1 != null;
        boolean resumes = have > 0 && (isChecked || tag != null && !tag.startsWith("W/"));
        HttpResponse<InputStream> response = get(uri, resumes ? "bytes=" + have + "-" : null, isChecked ? null : tag);
        try (InputStream body = response.body()) {
            if (resumes && response.statusCode() == 416) {
                Files.delete(target);
                throw new IOException("the server has no byte " + have + " of it; starting again");
            }
            requireSuccess(uri, response);
            long from = 0;
            long total = response.headers().firstValueAsLong("Content-Length").orElse(-1);
            if (response.statusCode() == 206) {
                Matcher range = CONTENT_RANGE.matcher(response.headers().firstValue("Content-Range").orElse(""));
                if (!range.matches() || Long.parseLong(range.group(1)) != have) {
                    Files.delete(target);
                    throw new IOException("the server answered with another range than asked for; starting again");
                }
                from = have;
                total = range.group(3).equals("*") ? -1 : Long.parseLong(range.group(3));
            }
            if (total >= 0 && expected.bytes >= 0 && total != expected.bytes) {
                throw new Refused("pull " + uri + ": the server has " + total + " bytes, expected " + expected.bytes);
            }
            response.headers().firstValue("ETag").ifPresent(value -> {
                try {
                    Files.writeString(tagFile, value);
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            });
            long end = copy(body, target, from, expected.bytes, before, progress);
            long wanted = expected.bytes >= 0 ? expected.bytes : total;
            if (wanted >= 0 && end < wanted) {
                throw new IOException("the connection ended after " + end + " of " + wanted + " bytes");
            }
        }
    }

    private long copy(InputStream body, Path target, long from, long most, long before, Progress progress) throws IOException {
        AtomicLong lastByte = new AtomicLong(System.nanoTime());
        Thread watch = Thread.ofVirtual().start(() -> {
            try {
                while (System.nanoTime() - lastByte.get() < patience.stall.toNanos()) {
                    Thread.sleep(Math.max(10, patience.stall.toMillis() / 8));
                }
                body.close();
            } catch (InterruptedException | IOException e) {
                Thread.currentThread().interrupt();          // the download is over
            }
        });
        long at = from;
        try (FileChannel out = FileChannel.open(target, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            out.truncate(from);
            out.position(from);
            byte[] buffer = new byte[BUFFER];
            for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
                lastByte.set(System.nanoTime());
                if (most >= 0 && at + n > most) {
                    throw new Refused("pull: the server sends more than the " + most + " bytes of " + target.getFileName());
                }
                ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, n);
                while (bytes.hasRemaining()) {
                    at += out.write(bytes);
                }
                progress.done(before + at);
            }
        } finally {
            watch.interrupt();
        }
        return at;
    }

    /// Hashes the whole file as it is on disk, so that what was there before counts too.
    private static String check(URI uri, Path target, Expected expected) throws IOException {
        MessageDigest sha256 = digest("SHA-256");
        MessageDigest git = digest("SHA-1");
        git.update(("blob " + Files.size(target) + "\0").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        try (InputStream in = Files.newInputStream(target)) {
            byte[] buffer = new byte[BUFFER];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                sha256.update(buffer, 0, n);
                if (expected.gitSha1 != null) {
                    git.update(buffer, 0, n);
                }
            }
        }
        String found = HexFormat.of().formatHex(sha256.digest());
        String wanted = expected.sha256 != null ? expected.sha256 : expected.gitSha1;
        String compared = expected.sha256 != null ? found : HexFormat.of().formatHex(git.digest());
        if (wanted != null && !wanted.equalsIgnoreCase(compared)) {
            Files.delete(target);
            throw new Refused("pull " + uri + ": wrong checksum, found " + compared + ", expected " + wanted + "; what was downloaded is deleted, try again");
        }
        return found;
    }

    static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has " + algorithm, e);
        }
    }

    private HttpResponse<InputStream> get(URI uri, String range, String ifRange) throws IOException {
        URI at = uri;
        for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
            HttpRequest.Builder request = HttpRequest.newBuilder(at).timeout(patience.stall).header("User-Agent", "jackdaw").header("Accept-Encoding", "identity");
            if (token != null && tokenHost.equals(at.getAuthority()) && at.getScheme().equals(uri.getScheme())) {
                request.header("Authorization", "Bearer " + token);
            }
            if (range != null) {
                request.header("Range", range);
                if (ifRange != null) {
                    request.header("If-Range", ifRange);
                }
            }
            HttpResponse<InputStream> response;
            try {
                response = client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new Refused("pull " + uri + ": interrupted");
            }
            int status = response.statusCode();
            if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
                return response;
            }
            response.body().close();
            String location = response.headers().firstValue("Location").orElseThrow(() -> new Refused("pull " + uri + ": a redirect without a Location"));
            URI next;
            try {
                next = at.resolve(location);
            } catch (IllegalArgumentException e) {
                throw new Refused("pull " + uri + ": redirected to what is no address: " + location);
            }
            boolean isHttp = "https".equals(next.getScheme()) || "http".equals(next.getScheme()) && at.getScheme().equals("http");
            if (!isHttp || next.getHost() == null) {
                throw new Refused("pull " + uri + ": redirected to " + next + "; only https is followed, or http from http");
            }
            at = next;
        }
        throw new Refused("pull " + uri + ": more than " + MOST_REDIRECTS + " redirects");
    }

    private void requireSuccess(URI uri, HttpResponse<InputStream> response) throws IOException {
        int status = response.statusCode();
        if (status == 200 || status == 206) {
            return;
        }
        if (status == 401 || status == 403) {
            throw new Refused("pull " + uri + ": access was denied (" + status + "); " + (token == null ? "if the model asks for a login or a licence, set HF_TOKEN to your token"
                : "the token in HF_TOKEN has no access; was the licence accepted on the model's page?"));
        }
        if (status == 404) {
            throw new Refused("pull " + uri + ": there is nothing there (404)");
        }
        if (status == 408 || status == 429 || status >= 500) {
            throw new IOException("the server answered " + status);
        }
        throw new Refused("pull " + uri + ": the server answered " + status);
    }

    private void pause(URI uri, int failures, IOException cause, Progress progress) throws IOException {
        String reason = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        if (failures >= patience.tries) {
            throw new Refused("pull " + uri + ": " + reason + "; gave up after " + failures + " tries. What is here is kept: the same command goes on from there");
        }
        Duration pause = patience.firstPause.multipliedBy(1L << Math.min(failures - 1, 5));
        if (progress != null) {
            progress.note("connection lost (" + reason + "), trying again in " + Math.max(1, pause.toSeconds()) + " s");
        }
        try {
            Thread.sleep(pause);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Refused("pull " + uri + ": interrupted");
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }

    /// A failure that trying again does not cure.
    static final class Refused extends IOException {
        private static final long serialVersionUID = 1;

        Refused(String message) {
            super(message);
        }
    }
}
