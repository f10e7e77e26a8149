package dev.jackdaw.agent.sandbox.inside;

import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/// Compiles one source file in memory, runs its `main`, and says the word of success when that came back. The word comes on standard
/// input and is in a local variable only, where the program has no way to look for it.
public final class JavaRunner {
    private static final int FAILED = 1, DOES_NOT_COMPILE = 2;

    private JavaRunner() {
    }

    /// The classes that make up the runner.
    public static List<Class<?>> parts() {
        return List.of(JavaRunner.class, Source.class, Classes.class, Compiled.class, Loader.class);
    }

    @SuppressWarnings("resource")
    public static void main(String[] args) throws IOException {
        String word = line();
        Map<String, Compiled> classes = compile(Path.of(args[0]));
        Loader loader = new Loader(classes);
        Thread.currentThread().setContextClassLoader(loader);
        try {
            invoke(loader, classes);
        } catch (InvocationTargetException e) {
            e.getCause().printStackTrace();
            Runtime.getRuntime().halt(FAILED);
        } catch (ReflectiveOperationException | LinkageError e) {
            System.err.println(e);
            Runtime.getRuntime().halt(FAILED);
        }
        System.out.flush();
        if (word.isEmpty()) {
            return;                                               // as any program: threads may go on
        }
        OutputStream out = new FileOutputStream(FileDescriptor.out);
        out.write(('\n' + word + '\n').getBytes(StandardCharsets.UTF_8));
        out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static String line() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c; (c = System.in.read()) >= 0 && c != '\n'; ) {
            line.append((char) c);
        }
        return line.toString();
    }

    private static Map<String, Compiled> compile(Path source) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        var files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8);
        Map<String, Compiled> classes = new LinkedHashMap<>();
        StringWriter messages = new StringWriter();
        boolean good = compiler.getTask(messages, new Classes(files, classes), null, List.of("-proc:none", "-nowarn", "-Xlint:none", "-XDuseUnsharedTable=true"), null,
                List.of(new Source(source.getFileName().toString(), Files.readString(source)))).call();
        if (!good) {
            System.err.print(messages);
            System.err.flush();
            Runtime.getRuntime().halt(DOES_NOT_COMPILE);
        }
        return classes;
    }

    /// `Main` if there is one, else the first class with a `main`; with the forms of `main` that Java 25 allows (JEP 512).
    private static void invoke(Loader loader, Map<String, Compiled> classes) throws ReflectiveOperationException {
        Class<?> found = null;
        Method main = null;
        for (String name : classes.keySet()) {
            Class<?> candidate = loader.loadClass(name);
            for (Class<?>[] parameters : new Class<?>[][] {{String[].class}, {}}) {
                Method method = method(candidate, parameters);
                if (method != null && (main == null || name.equals("Main"))) {
                    found = candidate;
                    main = method;
                    break;
                }
            }
        }
        if (main == null) {
            throw new NoSuchMethodException("the program has no main method; its classes: " + classes.keySet());
        }
        main.setAccessible(true);
        Object receiver = null;
        if (!Modifier.isStatic(main.getModifiers())) {
            Constructor<?> constructor = found.getDeclaredConstructor();
            constructor.setAccessible(true);
            receiver = constructor.newInstance();
        }
        main.invoke(receiver, main.getParameterCount() == 0 ? new Object[0] : new Object[] {new String[0]});
    }

    private static Method method(Class<?> candidate, Class<?>[] parameters) {
        try {
            return candidate.getDeclaredMethod("main", parameters);
        } catch (NoSuchMethodException e) {
            return null;
        }
    }

    /// A file whose public class may have any name.
    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String name, String text) {
            super(URI.create("memory:///" + name), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }

        @Override
        public boolean isNameCompatible(String simpleName, Kind kind) {
            return true;
        }
    }

    /// Keeps what the compiler writes.
    private static final class Classes extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, Compiled> classes;

        Classes(JavaFileManager files, Map<String, Compiled> classes) {
            super(files);
            this.classes = classes;
        }

        @Override
        public JavaFileObject getJavaFileForOutput(Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
            return classes.computeIfAbsent(name, Compiled::new);
        }
    }

    private static final class Compiled extends SimpleJavaFileObject {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Compiled(String name) {
            super(URI.create("memory:///" + name.replace('.', '/') + Kind.CLASS.extension), Kind.CLASS);
        }

        @Override
        public OutputStream openOutputStream() {
            return bytes;
        }
    }

    private static final class Loader extends ClassLoader {
        private final Map<String, Compiled> classes;

        Loader(Map<String, Compiled> classes) {
            super(ClassLoader.getPlatformClassLoader());
            this.classes = classes;
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            Compiled compiled = classes.get(name);
            if (compiled == null) {
                throw new ClassNotFoundException(name);
            }
            byte[] bytes = compiled.bytes.toByteArray();
            return defineClass(name, bytes, 0, bytes.length);
        }
    }
}
