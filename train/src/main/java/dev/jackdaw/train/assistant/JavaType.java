package dev.jackdaw.train.assistant;

import java.util.List;

/// What a source file says about one public type.
///
/// @param document   number of the file among the documents that were read
/// @param packageName `java.util`
/// @param name       as people write it, outer types first: `ArrayList`, `Map.Entry`
/// @param kind       what kind of type it is, such as `sealed interface`
/// @param superclass simple name of what it extends, or null
/// @param comment    what its comment says
/// @param methods    public and protected ones, overloads one after another
public record JavaType(int document, String packageName, String name, String kind, String superclass, Comment comment, List<Method> methods) {
    /// One method or overload.
    ///
    /// @param returns   simple name without type arguments, or null where it is a type variable
    /// @param declared   exceptions of its `throws` clause, simple names
    /// @param documented exceptions of its comment
    public record Method(String name, String returns, List<String> declared, List<String> documented, Comment comment) {
        public Method {
            declared = List.copyOf(declared);
            documented = List.copyOf(documented);
        }
    }

    /// The parts of a documentation comment that can be asked about.
    ///
    /// @param summary     its first sentence as plain text; empty if there is none
    /// @param since       the release, or null
    /// @param deprecated  the API is
    /// @param replacement what it says to use instead, or null
    public record Comment(String summary, String since, boolean deprecated, String replacement) {
        static final Comment NONE = new Comment("", null, false, null);
    }

    public JavaType {
        methods = List.copyOf(methods);
    }

    JavaType withKind(String other) {
        return new JavaType(document, packageName, name, other, superclass, comment, methods);
    }
}
