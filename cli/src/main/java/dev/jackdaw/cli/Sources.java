package dev.jackdaw.cli;

import dev.jackdaw.train.data.Document;
import dev.jackdaw.train.data.Documents;
import dev.jackdaw.train.data.Tally;
import dev.jackdaw.train.loop.Pretraining;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.DoubleConsumer;

/// SOURCE arguments: files, folders and archives of text, and the word `jdk` for the Java sources of this JDK.
final class Sources {
    static final String DESCRIPTION = "Folders, text files, .zip, .jar, .jsonl, .gz or .zst files, or the word jdk for the sources of this JDK.";

    /// How many documents may wait between the thread that reads and those that work.
    private static final int WAITING = 64;

    private Sources() {
    }

    static Documents documents(List<String> sources) throws IOException {
        List<Path> paths = new ArrayList<>();
        for (String source : sources) {
            paths.add(source.equals("jdk") ? Pretraining.jdkSources() : Path.of(source));
        }
        return Documents.of(paths);
    }

    /// The raw texts, read ahead by a thread of their own. To be gone through once. What cannot be read is counted in `skipped`.
    static Iterable<byte[]> texts(Documents documents, Tally skipped, DoubleConsumer progress) {
        return () -> new Feed(documents, skipped, progress);
    }

    private static final class Feed implements Iterator<byte[]>, Documents.Sink {
        private static final byte[] END = new byte[0];

        private final BlockingQueue<byte[]> queue = new ArrayBlockingQueue<>(WAITING);
        private final DoubleConsumer progress;
        private volatile Throwable failure;
        private byte[] next;

        Feed(Documents documents, Tally skipped, DoubleConsumer progress) {
            this.progress = progress;
            Thread.ofPlatform().daemon().name("jackdaw-reader").start(() -> {
                try {
                    documents.forEach(this, skipped);
                } catch (Throwable thrown) {
                    failure = thrown;
                } finally {
                    put(END);
                }
            });
        }

        @Override
        public void accept(Document document) {
            if (document.bytes().length > 0) {
                put(document.bytes());
            }
        }

        @Override
        public void progress(double fraction) {
            progress.accept(fraction);
        }

        private void put(byte[] text) {
            try {
                queue.put(text);
            } catch (InterruptedException e) {
                throw new IllegalStateException("interrupted while reading", e);
            }
        }

        @Override
        public boolean hasNext() {
            try {
                if (next == null) {
                    next = queue.take();
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException("interrupted while reading", e);
            }
            if (next == END && failure != null) {
                switch (failure) {
                    case RuntimeException e -> throw e;
                    case Error e -> throw e;
                    case Throwable e -> throw new IllegalStateException(e);
                }
            }
            return next != END;
        }

        @Override
        public byte[] next() {
            if (!hasNext()) {
                throw new java.util.NoSuchElementException();
            }
            byte[] text = next;
            next = null;
            return text;
        }
    }
}
