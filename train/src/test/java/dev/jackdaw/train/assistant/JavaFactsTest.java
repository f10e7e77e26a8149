package dev.jackdaw.train.assistant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.jackdaw.train.data.DocumentSet;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class JavaFactsTest {
    private static final String SHELF = """
        package org.shop.stock;
        import java.util.*;
        /// A place for things.
        /// @since 9
        public abstract class Shelf<T> implements Comparable<Shelf<T>> {
            /** Counts {@code things}, see {@link #add(Object) adding}. More is said here. @return how many
             * @deprecated use {@link #count()} instead
             * @since 1.4 */
            @Deprecated public int size() throws java.io.IOException { return 0; }
            /** {@return the things in order} */
            public java.util.List<Map.Entry<String, T>> things() { return null; }
            /** @throws IllegalStateException if it is full
              * @throws NullPointerException if it is null */
            protected void add(T thing) { }
            public T first() { return null; }
            public <X extends Exception> byte[][] bytes(X x) throws X { return null; }
            void hidden() { }
            private int secret() { return 0; }
            public Shelf() { }
            public sealed interface Part permits Board { String name(); record Board(int length) implements Part { public String name() { return ""; } } }
            class Inner { public void inner() { } }
            public @interface Tag { int value() default 1; }
            public enum Size { SMALL }
        }
        class Unseen { public int size() { return 0; } }
        """;

    @Test
    void findsTypesWithTheirKinds() {
        List<JavaType> types = JavaFacts.of(SHELF);
        assertThat(types).extracting(JavaType::name, JavaType::kind, JavaType::packageName).containsExactly(tuple("Shelf", "abstract class", "org.shop.stock"),
            tuple("Shelf.Part", "sealed interface", "org.shop.stock"), tuple("Shelf.Part.Board", "record", "org.shop.stock"), tuple("Shelf.Tag", "annotation", "org.shop.stock"),
            tuple("Shelf.Size", "enum", "org.shop.stock"));
        assertThat(types.getFirst().comment()).isEqualTo(new JavaType.Comment("A place for things.", "9", false, null));
    }

    @Test
    void findsMethodsAsPeopleNameThem() {
        List<JavaType.Method> methods = JavaFacts.of(SHELF).getFirst().methods();
        assertThat(methods).extracting(JavaType.Method::name, JavaType.Method::returns, JavaType.Method::declared, JavaType.Method::documented).containsExactly(
            tuple("size", "int", List.of("IOException"), List.of()), tuple("things", "List", List.of(), List.of()),
            tuple("add", "void", List.of(), List.of("IllegalStateException", "NullPointerException")), tuple("first", null, List.of(), List.of()), tuple("bytes", "byte[][]", List.of(), List.of()));
        assertThat(methods.getFirst().comment()).isEqualTo(new JavaType.Comment("Counts things, see adding.", "1.4", true, "count"));
        assertThat(methods.get(1).comment().summary()).isEqualTo("Returns the things in order.");
    }

    @Test
    void throwablesAreFoundThroughWhatTheyExtend() {
        List<JavaType> types = JavaFacts.of("package a; public class Burst extends Leak { }", "package a; public class Leak extends java.io.IOException { }",
            "package a; public class Crash extends Error { }", "package a; public final class LinkageError2 extends LinkageError { }", "package a; public class Tube extends Pipe { }");
        assertThat(types).extracting(JavaType::name, JavaType::kind).containsExactlyInAnyOrder(tuple("Burst", "exception"), tuple("Leak", "exception"), tuple("Crash", "error"),
            tuple("LinkageError2", "error"), tuple("Tube", "class"));
    }

    @Test
    void internalPackagesAndBrokenFilesGiveNothing() {
        assertThat(JavaFacts.of("package sun.misc; public class A { }", "package jdk.internal.util; public class B { }", "package org.impl.x; public class C { }",
            "public class D { }", "package com.sun.x; public class E { }", "this is {{ no Java at all", "", "package a; public class F { public int f( }")).extracting(JavaType::name).isSubsetOf("F");
    }

    @Test
    void theSameAtAnyNumberOfThreads() {
        List<String> sources = new ArrayList<>();
        for (int i = 0; i < 130; i++) {
            sources.add("package p" + i % 7 + "; /** Number " + i + " of many. */ public class Type" + i + " { public int get" + i + "() { return 1; } }");
        }
        List<JavaType> one = JavaFacts.read(java(sources), 1, _ -> { });
        assertThat(one).hasSize(130);
        assertThat(JavaFacts.read(java(sources), 3, _ -> { })).isEqualTo(one);
    }

    /// Documents that say they are Java.
    static DocumentSet java(List<String> sources) {
        DocumentSet texts = DocumentSet.of(sources);
        return (DocumentSet) java.lang.reflect.Proxy.newProxyInstance(JavaFactsTest.class.getClassLoader(), new Class<?>[] {DocumentSet.class}, (_, method, arguments) -> switch (method.getName()) {
            case "kind" -> dev.jackdaw.train.data.Kind.JAVA;
            case "id" -> "p/Type" + arguments[0] + ".java";
            default -> method.invoke(texts, arguments);
        });
    }
}
