package dev.jackdaw.train.assistant;

import com.sun.source.doctree.DeprecatedTree;
import com.sun.source.doctree.DocCommentTree;
import com.sun.source.doctree.DocTree;
import com.sun.source.doctree.EntityTree;
import com.sun.source.doctree.LinkTree;
import com.sun.source.doctree.LiteralTree;
import com.sun.source.doctree.RawTextTree;
import com.sun.source.doctree.ReturnTree;
import com.sun.source.doctree.SinceTree;
import com.sun.source.doctree.SummaryTree;
import com.sun.source.doctree.TextTree;
import com.sun.source.doctree.ThrowsTree;
import com.sun.source.tree.ArrayTypeTree;
import com.sun.source.tree.AnnotatedTypeTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MemberSelectTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.ParameterizedTypeTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.TypeParameterTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import dev.jackdaw.train.data.DataException;
import dev.jackdaw.train.data.DocumentSet;
import dev.jackdaw.train.data.Kind;
import java.io.IOException;
import java.io.Writer;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.DoubleConsumer;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/// Reads Java sources with the JDK's own parser and lists what they say about public types and their methods. Nothing is attributed, so
/// no class path is needed: names are as they stand in the file.
///
/// Internal packages (`sun`, `com.sun`, and those with a part named `internal` or `impl`) are passed over, as is what is neither public nor protected.
public final class JavaFacts {
    /// Files for one task of the parser; its trees are all in memory until the task is done.
    private static final int CHUNK = 40;
    private static final Pattern INTERNAL = Pattern.compile("(sun|com\\.sun|apple)(\\..*)?|(.*\\.)?(internal|impl)(\\..*)?");
    private static final Pattern PACKAGE = Pattern.compile("^\\s*package\\s+([\\w.]+)\\s*;", Pattern.MULTILINE);
    private static final Pattern RELEASE = Pattern.compile("(?:Java(?:SE|FX)?\\s+|JDK\\s*)?(\\d{1,2}(?:\\.\\d){0,2})\\b.*", Pattern.DOTALL);
    private static final Pattern SENTENCE = Pattern.compile("[A-Z][^<>{}@\\n]{8,}");

    private JavaFacts() {
    }

    /// The public types of all Java documents of a set, in its order. The same at any number of threads.
    ///
    /// @throws DataException if this Java has no compiler
    public static List<JavaType> read(DocumentSet documents, int threads, DoubleConsumer progress) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new DataException("facts: this Java at " + System.getProperty("java.home") + " has no compiler (module jdk.compiler), which parses the sources; "
                    + "run with a full JDK instead of a runtime image");
        }
        int[] numbers = Chunks.map(documents.size(), threads, i -> isCandidate(documents, i) ? i : -1, _ -> { }).stream().mapToInt(i -> i).filter(i -> i >= 0).toArray();
        int chunks = (numbers.length + CHUNK - 1) / CHUNK;
        List<List<JavaType>> found = Chunks.map(chunks, threads, chunk -> {
            int from = chunk * CHUNK;
            return parse(compiler, documents, Arrays.copyOfRange(numbers, from, Math.min(numbers.length, from + CHUNK)));
        }, progress);
        return withThrowables(found.stream().flatMap(List::stream).toList());
    }

    /// Most files are passed over by their package, before the parser sees them.
    private static boolean isCandidate(DocumentSet documents, int i) {
        String id = documents.id(i);
        if (documents.kind(i) != Kind.JAVA || id.contains("#") || id.endsWith("-info.java")) {
            return false;
        }
        var declaration = PACKAGE.matcher(new String(documents.text(i), StandardCharsets.UTF_8));
        return declaration.find() && !INTERNAL.matcher(declaration.group(1)).matches();
    }

    /// A document as a file for the parser; its path is the number of the document.
    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(int document, byte[] text) {
            super(URI.create("string:///" + document + "/Source.java"), Kind.SOURCE);
            this.text = new String(text, StandardCharsets.UTF_8);
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    private static List<JavaType> parse(JavaCompiler compiler, DocumentSet documents, int[] numbers) {
        List<Source> sources = Arrays.stream(numbers).mapToObj(i -> new Source(i, documents.text(i))).toList();
        JavacTask task = (JavacTask) compiler.getTask(Writer.nullWriter(), null, _ -> { }, List.of("-proc:none", "-XDrawDiagnostics"), null, sources);
        DocTrees trees = DocTrees.instance(task);
        List<JavaType> types = new ArrayList<>();
        try {
            for (CompilationUnitTree unit : task.parse()) {
                String packageName = unit.getPackageName() == null ? "" : unit.getPackageName().toString();
                if (packageName.isEmpty() || INTERNAL.matcher(packageName).matches()) {
                    continue;
                }
                int document = Integer.parseInt(unit.getSourceFile().getName().split("/")[1]);     // the parser wraps what it is given
                Reader reader = new Reader(trees, unit, document, packageName, types);
                for (Tree declaration : unit.getTypeDecls()) {
                    if (declaration instanceof ClassTree type) {
                        reader.type(new TreePath(new TreePath(unit), type), type, "", false, Set.of());
                    }
                }
            }
        } catch (IOException e) {
            throw new DataException("facts: the parser could not read a source: " + e.getMessage(), e);
        }
        return types;
    }

    /// Walks the types of one file.
    private record Reader(DocTrees trees, CompilationUnitTree unit, int document, String packageName, List<JavaType> types) {
        void type(TreePath path, ClassTree type, String outer, boolean insideInterface, Set<String> outerVariables) {
            Set<Modifier> modifiers = type.getModifiers().getFlags();
            if (!modifiers.contains(Modifier.PUBLIC) && !(insideInterface && !modifiers.contains(Modifier.PRIVATE)) && !(modifiers.contains(Modifier.PROTECTED) && !outer.isEmpty())) {
                return;
            }
            String name = outer + type.getSimpleName();
            boolean isInterface = type.getKind() == Tree.Kind.INTERFACE || type.getKind() == Tree.Kind.ANNOTATION_TYPE;
            Set<String> variables = with(outerVariables, type.getTypeParameters());
            List<JavaType.Method> methods = new ArrayList<>();
            int at = types.size();
            for (Tree member : type.getMembers()) {
                TreePath memberPath = new TreePath(path, member);
                if (member instanceof ClassTree inner) {
                    type(memberPath, inner, name + ".", isInterface, variables);
                } else if (member instanceof MethodTree method && method.getReturnType() != null && isVisible(method.getModifiers(), isInterface)) {
                    methods.add(method(memberPath, method, variables));
                }
            }
            String superclass = type.getExtendsClause() == null || isInterface ? null : simpleName(type.getExtendsClause());
            JavaType.Comment comment = comment(trees.getDocCommentTree(path), type.getModifiers());
            types.add(at, new JavaType(document, packageName, name, kind(type), superclass, comment, methods));
        }

        private JavaType.Method method(TreePath path, MethodTree method, Set<String> outerVariables) {
            Set<String> variables = with(outerVariables, method.getTypeParameters());
            DocCommentTree doc = trees.getDocCommentTree(path);
            Set<String> declared = new LinkedHashSet<>(), documented = new LinkedHashSet<>();
            method.getThrows().forEach(thrown -> declared.add(simpleName(thrown)));
            if (doc != null) {
                for (DocTree tag : doc.getBlockTags()) {
                    if (tag instanceof ThrowsTree thrown) {
                        String signature = thrown.getExceptionName().getSignature();
                        documented.add(signature.substring(signature.lastIndexOf('.') + 1));
                    }
                }
            }
            declared.removeIf(variables::contains);
            documented.removeIf(variables::contains);
            String returns = simpleName(method.getReturnType());
            String element = returns.replace("[]", "");
            return new JavaType.Method(method.getName().toString(), variables.contains(element) ? null : returns, List.copyOf(declared), List.copyOf(documented), comment(doc, method.getModifiers()));
        }
    }

    private static boolean isVisible(ModifiersTree modifiers, boolean insideInterface) {
        Set<Modifier> flags = modifiers.getFlags();
        return flags.contains(Modifier.PUBLIC) || flags.contains(Modifier.PROTECTED) || insideInterface && !flags.contains(Modifier.PRIVATE);
    }

    private static Set<String> with(Set<String> outer, List<? extends TypeParameterTree> more) {
        if (more.isEmpty()) {
            return outer;
        }
        Set<String> all = new HashSet<>(outer);
        more.forEach(parameter -> all.add(parameter.getName().toString()));
        return all;
    }

    /// A type as people say it: `Map.Entry<K,V>[]` becomes `Map.Entry[]`, `java.util.List` becomes `List`.
    private static String simpleName(Tree type) {
        return switch (type) {
            case ParameterizedTypeTree generic -> simpleName(generic.getType());
            case AnnotatedTypeTree annotated -> simpleName(annotated.getUnderlyingType());
            case ArrayTypeTree array -> simpleName(array.getType()) + "[]";
            case MemberSelectTree select -> {
                String text = select.toString();
                int start = 0;
                while (start < text.length() && Character.isLowerCase(text.charAt(start)) && text.indexOf('.', start) >= 0) {
                    start = text.indexOf('.', start) + 1;
                }
                yield text.substring(start);
            }
            default -> type.toString();
        };
    }

    private static String kind(ClassTree type) {
        Set<Modifier> modifiers = type.getModifiers().getFlags();
        return switch (type.getKind()) {
            case INTERFACE -> modifiers.contains(Modifier.SEALED) ? "sealed interface" : "interface";
            case ANNOTATION_TYPE -> "annotation";
            case ENUM -> "enum";
            case RECORD -> "record";
            default -> modifiers.contains(Modifier.ABSTRACT) ? "abstract class" : modifiers.contains(Modifier.FINAL) ? "final class" : "class";
        };
    }

    private static JavaType.Comment comment(DocCommentTree doc, ModifiersTree modifiers) {
        boolean deprecated = modifiers.getAnnotations().stream().anyMatch(annotation -> annotation.getAnnotationType().toString().equals("Deprecated"));
        if (doc == null) {
            return deprecated ? new JavaType.Comment("", null, true, null) : JavaType.Comment.NONE;
        }
        String since = null, replacement = null;
        for (DocTree tag : doc.getBlockTags()) {
            switch (tag) {
                case SinceTree found -> {
                    var release = RELEASE.matcher(plain(found.getBody()));
                    since = release.matches() ? release.group(1) : since;
                }
                case DeprecatedTree found -> {
                    deprecated = true;
                    replacement = found.getBody().stream().filter(LinkTree.class::isInstance).map(link -> name((LinkTree) link))
                            .findFirst().orElse(null);
                }
                default -> { }
            }
        }
        String summary = plain(doc.getFirstSentence());
        return new JavaType.Comment(SENTENCE.matcher(summary).matches() ? summary : "", since, deprecated, replacement);
    }

    /// The text of a comment without its marks: `{@code x}`, `{@link X}` and `<i>` leave what a reader sees.
    private static String plain(List<? extends DocTree> parts) {
        StringBuilder text = new StringBuilder();
        for (DocTree part : parts) {
            text.append(switch (part) {
                case TextTree plain -> plain.getBody();
                case RawTextTree markdown -> markdown.getContent().replace("`", "");
                case LiteralTree literal -> literal.getBody().getBody();
                case LinkTree link -> link.getLabel().isEmpty() ? name(link) : plain(link.getLabel());
                case EntityTree entity -> switch (entity.getName().toString()) {
                    case "lt" -> "<";
                    case "gt" -> ">";
                    case "amp" -> "&";
                    case "nbsp" -> " ";
                    default -> "";
                };
                case ReturnTree returns -> "Returns " + plain(returns.getDescription()) + ".";
                case SummaryTree summary -> plain(summary.getSummary());
                default -> "";
            });
        }
        return text.toString().replaceAll("\\s+", " ").strip();
    }

    /// What a link leads to: `#add(Object)` is `add`, `java.util.Map#get` is `Map.get`.
    private static String name(LinkTree link) {
        return link.getReference().getSignature().replaceFirst("\\(.*", "").replaceFirst("^#", "").replaceFirst("^([a-z]\\w*\\.)+(?=[A-Z])", "").replace('#', '.');
    }

    /// Classes that extend an exception or an error are said to be one: through the types that were read, and where those end by name.
    private static List<JavaType> withThrowables(List<JavaType> types) {
        Map<String, String> superclasses = new HashMap<>();
        types.forEach(type -> superclasses.putIfAbsent(type.name(), type.superclass()));
        return types.stream().map(type -> {
            if (!type.kind().endsWith("class")) {
                return type;
            }
            Set<String> seen = new HashSet<>();
            for (String name = type.superclass(); name != null && seen.add(name); name = superclasses.get(name)) {
                if (name.endsWith("Exception") || name.equals("Throwable")) {
                    return type.withKind("exception");
                } else if (name.endsWith("Error") && !superclasses.containsKey(name) || name.equals("Error")) {
                    return type.withKind("error");
                }
            }
            return type.name().equals("Throwable") ? type.withKind("class") : type;
        }).toList();
    }

    /// Only for tests of one file.
    static List<JavaType> of(String... sources) {
        DocumentSet documents = DocumentSet.of(List.of(sources));
        int[] all = IntStream.range(0, sources.length).toArray();
        return withThrowables(parse(ToolProvider.getSystemJavaCompiler(), documents, all));
    }
}
