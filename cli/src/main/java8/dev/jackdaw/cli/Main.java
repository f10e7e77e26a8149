package dev.jackdaw.cli;

import java.lang.reflect.InvocationTargetException;

/**
 * Where the JVM enters. Compiled for Java 8, so that a Java that is too old, or was started without the flags, is told so in one
 * sentence instead of an UnsupportedClassVersionError. Knows nothing about commands; {@code JackdawCommand} does.
 */
public final class Main {
    private static final int NEEDED = 25;
    private static final String FLAGS = "--add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED";

    private Main() {
    }

    public static void main(String[] args) throws Throwable {
        boolean scalar = "scalar".equals(System.getProperty("jackdaw.kernels"));
        String problem = problem(System.getProperty("java.specification.version"), System.getProperty("java.home"),
                scalar || isPresent("jdk.incubator.vector.Vector"));
        if (problem != null) {
            System.err.println("jackdaw: " + problem);
            System.exit(1);
        }
        try {
            Class.forName("dev.jackdaw.cli.JackdawCommand").getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** What is wrong with this Java and how to cure it, or null. */
    static String problem(String version, String home, boolean hasVectors) {
        if (majorVersion(version) != NEEDED) {
            return "this is Java " + version + " (" + home + "), Jackdaw needs Java " + NEEDED
                    + "; start it with the jackdaw script, which looks for one, or set JAVA_HOME";
        }
        if (!hasVectors) {
            return "the module jdk.incubator.vector is not loaded; start with the jackdaw script, or add to the java command: " + FLAGS;
        }
        return null;
    }

    private static int majorVersion(String version) {
        try {
            return Integer.parseInt(version.startsWith("1.") ? version.substring(2) : version);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private static boolean isPresent(String name) {
        try {
            Class.forName(name, false, ClassLoader.getSystemClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }
}
