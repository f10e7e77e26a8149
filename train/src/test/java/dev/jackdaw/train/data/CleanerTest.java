package dev.jackdaw.train.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;

import org.junit.jupiter.api.Test;

class CleanerTest {
    private static final String BODY = "package p;\n\n/** Counts sheep until sleep comes, then forgets the number. */\nclass Sheep {\n    int count;\n}\n";

    private static Cleaner.Outcome clean(String name, byte[] bytes) {
        return new Cleaner(Cleaner.Rules.DEFAULT).clean(new Document(name, Kind.of(name, bytes), bytes));
    }

    private static String kept(String name, byte[] bytes) {
        return switch (clean(name, bytes)) {
            case Cleaner.Outcome.Kept kept -> new String(kept.document().bytes(), StandardCharsets.UTF_8);
            case Cleaner.Outcome.Dropped dropped -> throw new AssertionError("dropped: " + dropped.reason());
        };
    }

    private static String kept(String name, String text) {
        return kept(name, text.getBytes(StandardCharsets.UTF_8));
    }

    private static Reason dropped(String name, String text) {
        return clean(name, text.getBytes(StandardCharsets.UTF_8)) instanceof Cleaner.Outcome.Dropped dropped ? dropped.reason() : null;
    }

    @Test
    void makesLineEndsAndMarksUniform() {
        assertThat(kept("a.txt", "\ufeff\n\n  one " + "word ".repeat(12) + "\r\ntwo\rthree\f\n\n\n  ")).isEqualTo("  one " + "word ".repeat(12) + "\ntwo\nthree\n");
    }

    @Test
    void readsStrayBytesAsWindows1252() {
        String text = "Das Café am Markt, 5 \u20ac der Kaffee, öffnet “morgens um sieben” und schließt erst nach Mitternacht. ".repeat(3).strip() + "\n";
        assertThat(kept("a.txt", text.getBytes(Charset.forName("windows-1252")))).isEqualTo(text);
        assertThat(((Cleaner.Outcome.Kept) clean("a.txt", text.getBytes(Charset.forName("windows-1252")))).repairedBytes()).isEqualTo(18);
    }

    @Test
    void dropsOtherEncodingsAndBinaries() {
        byte[] russian = "Съешь же ещё этих мягких французских булок. ".repeat(5).getBytes(Charset.forName("windows-1251"));
        assertThat(clean("a.txt", russian)).isEqualTo(new Cleaner.Outcome.Dropped("a.txt", Reason.ENCODING, russian.length));
        assertThat(dropped("a.txt", "\u0001\u0002 text \u0003\u0004\u0005 more text ".repeat(10))).isEqualTo(Reason.BINARY);
    }

    @Test
    void alwaysGivesValidUtf8() {
        SplittableRandom random = new SplittableRandom(3);
        Cleaner cleaner = new Cleaner(Cleaner.Rules.ENCODING_ONLY);
        String letters = "aé\u4e2d\ud83d\ude00 \n";
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = letters.repeat(10).getBytes(StandardCharsets.UTF_8);
            for (int i = 0; i < 3; i++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            if (cleaner.clean(new Document("x", Kind.TEXT, bytes)) instanceof Cleaner.Outcome.Kept kept) {
                byte[] out = kept.document().bytes();
                assertThat(new String(out, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8)).isEqualTo(out);
            }
        }
    }

    @Test
    void removesLegalNoticesOfManyKinds() {
        assertThat(kept("A.java", "/*\n * Copyright (c) 2020 X\n */\n" + BODY)).isEqualTo(BODY);
        assertThat(kept("A.java", "// SPDX-License-Identifier: MIT\n// more\n\n" + BODY)).isEqualTo(BODY);
        assertThat(kept("A.java", "/* Copyright 1 */\n\n/** Licensed to someone */\n" + BODY)).isEqualTo(BODY);
        assertThat(kept("A.java", "/* What this is. */\n/* Copyright 1 */\n" + BODY)).isEqualTo("/* What this is. */\n" + BODY);
        assertThat(kept("A.java", "package p;\n\n/*\n * Copyright 2003 Second Owner\n */\n\n" + BODY)).isEqualTo("package p;\n\n" + BODY);
        String python = "import os\n\ndef main():\n    print('a program of several words, long enough')\n";
        assertThat(kept("a.py", "#!/usr/bin/env python\n# Copyright 2020\n# All rights reserved.\n\n" + python)).isEqualTo("#!/usr/bin/env python\n" + python);
        String page = "<html><body>This is a page with enough words to be kept here, really.</body></html>\n";
        assertThat(kept("a.html", "<!DOCTYPE html>\n<!-- Copyright 2020 -->\n" + page)).isEqualTo("<!DOCTYPE html>\n" + page);
        assertThat(kept("a.sql", "-- Copyright\nSELECT name, price FROM products WHERE price > 10 ORDER BY name;\n")).startsWith("SELECT");
    }

    @Test
    void leavesDocumentationAlone() {
        String documented = "/**\n * " + "Describes the classes of this package. ".repeat(20) + "\n * Parts under another license.\n */\npackage p;\n";
        assertThat(kept("package-info.java", documented)).isEqualTo(documented);
        assertThat(kept("A.java", "package p;\n/** A license manager. */\nclass LicenceManager { int seats; String owner; long expires; }\n")).contains("license manager");
        assertThat(kept("a.md", "# Copyright law\n\nThis text is about copyright and about licences, it is not a notice.\n")).startsWith("# Copyright law");
    }

    @Test
    void takesTheFrameOffPublicBooks() {
        String book = "It was a dark night, and the rain fell in torrents, except at occasional intervals.\n";
        String framed = "The Project Gutenberg eBook of X\n\n*** START OF THE PROJECT GUTENBERG EBOOK X ***\n" + book + "*** END OF THE PROJECT GUTENBERG EBOOK X ***\nlicence\n";
        assertThat(kept("x.txt", framed)).isEqualTo(book);
    }

    @Test
    void dropsWhatSaysItWasGenerated() {
        assertThat(dropped("A.java", "// AUTOMATICALLY GENERATED FILE - DO NOT EDIT\n" + BODY)).isEqualTo(Reason.GENERATED);
        assertThat(dropped("A.java", "/* Generated by a tool. */\n" + BODY)).isEqualTo(Reason.GENERATED);
        assertThat(dropped("a.go", "// Code generated by protoc. DO NOT EDIT.\npackage x\n\nfunc main() { fmt.Println(1) }\n// words and words\n")).isEqualTo(Reason.GENERATED);
        assertThat(dropped("A.java", "package p;\n\n@Generated(\"x\")\nclass A { int aNumber; int anotherNumber; String text; }\n")).isEqualTo(Reason.GENERATED);
        assertThat(kept("A.java", "package p;\n/** The event generated by the user; do not edit it. */\nclass A { String s = \"DO NOT EDIT\"; int x; }\n")).contains("event");
        assertThat(kept("a.txt", "This report is generated by hand, and generated code is its subject matter.\n")).contains("report");
    }

    @Test
    void dropsTablesAndMinifiedCode() {
        assertThat(dropped("A.java", "class A { int[] t = {\n" + "  1, 22, 333, 0x44,\n".repeat(50) + "}; }\n")).isEqualTo(Reason.NUMBERS);
        assertThat(dropped("A.java", "class A { String t =\n" + "  \"\\u3042\\u3044\\u3046\" +\n".repeat(50) + "\"\"; }\n")).isEqualTo(Reason.NUMBERS);
        assertThat(dropped("A.java", "class A { String[] t = {\n" + "  \"name of a place\", \"another\",\n".repeat(50) + "}; }\n")).isEqualTo(Reason.STRINGS);
        assertThat(dropped("a.js", "function a(b){return b+1};".repeat(100))).isEqualTo(Reason.LONG_LINES);
        assertThat(dropped("a.txt", "AbC+/".repeat(600) + "\n")).isEqualTo(Reason.LONG_LINES);
        assertThat(dropped("a.txt", "=-=-=- *** {}{} ".repeat(20))).isEqualTo(Reason.SYMBOLS);
        assertThat(dropped("a.txt", "short\n")).isEqualTo(Reason.TINY);
        assertThat(dropped("a.txt", "\n\n  \n")).isEqualTo(Reason.EMPTY);
        assertThat(kept("a.txt", "one long paragraph of prose without any line end at all ".repeat(100))).startsWith("one long");
        assertThat(kept("a.txt", "私は猫である。名前はまだない。".repeat(200))).startsWith("私は");
    }
}
