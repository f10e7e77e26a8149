package dev.jackdaw.train.data;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What a document is written in, told by the end of its name and, where that says nothing, by its first bytes.
///
/// The kind decides which rules of cleaning apply (a long line is normal in prose, a sign of generated code in a program) and is shown
/// in the statistics. It is not stored in what the model learns from.
public enum Kind {
    TEXT(Family.PROSE, "txt", "text", "rst", "adoc", "asciidoc", "org", "log", "srt"),
    MARKDOWN(Family.PROSE, "md", "markdown", "mdx"),
    LATEX(Family.PROSE, "tex", "bib"),
    CHAT(Family.PROSE),
    JAVA(Family.CODE, "java", "jsh"),
    KOTLIN(Family.CODE, "kt", "kts"),
    SCALA(Family.CODE, "scala", "sc"),
    GROOVY(Family.CODE, "groovy", "gradle"),
    CLOJURE(Family.CODE, "clj", "cljs", "edn"),
    PYTHON(Family.CODE, "py", "pyi", "pyx"),
    C(Family.CODE, "c", "h"),
    CPP(Family.CODE, "cc", "cpp", "cxx", "hh", "hpp", "hxx", "cu", "cuh"),
    CSHARP(Family.CODE, "cs"),
    GO(Family.CODE, "go"),
    RUST(Family.CODE, "rs"),
    SWIFT(Family.CODE, "swift"),
    JAVASCRIPT(Family.CODE, "js", "mjs", "cjs", "jsx"),
    TYPESCRIPT(Family.CODE, "ts", "tsx"),
    RUBY(Family.CODE, "rb"),
    PHP(Family.CODE, "php"),
    PERL(Family.CODE, "pl", "pm"),
    LUA(Family.CODE, "lua"),
    HASKELL(Family.CODE, "hs"),
    R(Family.CODE, "r"),
    JULIA(Family.CODE, "jl"),
    DART(Family.CODE, "dart"),
    ZIG(Family.CODE, "zig"),
    ASSEMBLY(Family.CODE, "s", "asm"),
    SHELL(Family.CODE, "sh", "bash", "zsh", "fish", "bat", "ps1"),
    SQL(Family.CODE, "sql"),
    BUILD(Family.CODE, "mk", "cmake", "bzl", "dockerfile"),
    HTML(Family.MARKUP, "html", "htm", "xhtml"),
    CSS(Family.CODE, "css", "scss", "less"),
    XML(Family.MARKUP, "xml", "xsd", "xsl", "svg", "pom", "dtd"),
    JSON(Family.MARKUP, "json"),
    YAML(Family.MARKUP, "yaml", "yml", "toml"),
    PROPERTIES(Family.MARKUP, "properties", "ini", "cfg", "conf"),
    TABLE(Family.MARKUP, "csv", "tsv"),
    OTHER(Family.PROSE);

    /// How a kind is cleaned.
    public enum Family {
        /// Sentences: lines may be as long as a paragraph.
        PROSE,
        /// Programs: short lines, comments.
        CODE,
        /// Between the two.
        MARKUP
    }

    /// Ends of names that never hold text; such files are not even opened.
    private static final List<String> BINARY = List.of("class", "o", "a", "so", "dll", "dylib", "exe", "bin", "png", "jpg", "jpeg", "gif",
        "bmp", "ico", "webp", "tif", "tiff", "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "mp3", "mp4", "wav", "ogg", "flac", "avi",
        "mov", "ttf", "otf", "woff", "woff2", "7z", "rar", "bz2", "jmod", "jks", "p12", "der", "gguf", "safetensors", "pt",
        "npy", "npz", "onnx", "parquet", "db", "sqlite", "pyc", "wasm");

    private static final Map<String, Kind> BY_EXTENSION = new HashMap<>();

    static {
        for (Kind kind : values()) {
            for (String extension : kind.extensions) {
                BY_EXTENSION.put(extension, kind);
            }
        }
    }

    private final Family family;
    private final String[] extensions;

    Kind(Family family, String... extensions) {
        this.family = family;
        this.extensions = extensions;
    }

    public Family family() {
        return family;
    }

    /// `java`, `markdown`, …
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The kind with this [#label()]; [#OTHER] for one that this program does not know.
    static Kind ofLabel(String label) {
        for (Kind kind : values()) {
            if (kind.label().equals(label)) {
                return kind;
            }
        }
        return OTHER;
    }

    /// By the name alone; [#OTHER] where the name says nothing.
    public static Kind ofName(String name) {
        String extension = extension(name);
        Kind kind = BY_EXTENSION.get(extension);
        if (kind != null) {
            return kind;
        }
        String base = name.substring(name.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
        return switch (base) {
            case "makefile", "dockerfile", "cmakelists.txt", "build", "jenkinsfile" -> BUILD;
            case "readme", "license", "licence", "notice", "changelog", "authors", "contributing", "todo" -> TEXT;
            default -> OTHER;
        };
    }

    /// By the name, and where that says nothing by how the text begins.
    static Kind of(String name, byte[] head) {
        Kind byName = ofName(name);
        return byName == OTHER ? ofHead(head) : byName;
    }

    private static Kind ofHead(byte[] head) {
        String start = new String(head, 0, Math.min(head.length, 200), java.nio.charset.StandardCharsets.ISO_8859_1).stripLeading();
        if (start.startsWith("#!")) {
            String line = start.lines().findFirst().orElse("");
            return line.contains("python") ? PYTHON : line.contains("perl") ? PERL : line.contains("ruby") ? RUBY
                : line.contains("node") ? JAVASCRIPT : line.contains("java") ? JAVA : SHELL;
        }
        String lower = start.toLowerCase(Locale.ROOT);
        if (lower.startsWith("<!doctype html") || lower.startsWith("<html")) {
            return HTML;
        }
        if (lower.startsWith("<?xml")) {
            return XML;
        }
        if (start.startsWith("{\"") || start.startsWith("[{") || start.startsWith("{\n")) {
            return JSON;
        }
        return OTHER;
    }

    static boolean isBinaryName(String name) {
        return BINARY.contains(extension(name));
    }

    private static String extension(String name) {
        int dot = name.lastIndexOf('.');
        return dot <= name.lastIndexOf('/') ? "" : name.substring(dot + 1).toLowerCase(Locale.ROOT);
    }
}
