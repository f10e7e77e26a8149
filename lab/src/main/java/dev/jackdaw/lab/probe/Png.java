package dev.jackdaw.lab.probe;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/// A picture of one colour whose pixels are more or less transparent, as PNG (ISO/IEC 15948): it looks right on light and dark pages.
final class Png {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final int INDEXED = 3;

    private Png() {
    }

    /// @param alpha of each pixel, 0 to 255, row by row
    /// @param rgb   the colour
    static String dataUrl(byte[] alpha, int width, int height, int rgb) {
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(of(alpha, width, height, rgb));
    }

    static byte[] of(byte[] alpha, int width, int height, int rgb) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(SIGNATURE);
        chunk(out, "IHDR", ByteBuffer.allocate(13).putInt(width).putInt(height).put((byte) 8).put((byte) INDEXED).array());
        byte[] palette = new byte[3 * 256], transparency = new byte[256];
        for (int i = 0; i < 256; i++) {
            palette[3 * i] = (byte) (rgb >> 16);
            palette[3 * i + 1] = (byte) (rgb >> 8);
            palette[3 * i + 2] = (byte) rgb;
            transparency[i] = (byte) i;
        }
        chunk(out, "PLTE", palette);
        chunk(out, "tRNS", transparency);
        byte[] rows = new byte[height * (width + 1)];                  // each row begins with its filter, 0: none
        for (int y = 0; y < height; y++) {
            System.arraycopy(alpha, y * width, rows, y * (width + 1) + 1, width);
        }
        chunk(out, "IDAT", deflate(rows));
        chunk(out, "IEND", new byte[0]);
        return out.toByteArray();
    }

    private static byte[] deflate(byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION)) {
            deflater.setInput(bytes);
            deflater.finish();
            byte[] buffer = new byte[4096];
            while (!deflater.finished()) {
                out.write(buffer, 0, deflater.deflate(buffer));
            }
        }
        return out.toByteArray();
    }

    private static void chunk(ByteArrayOutputStream out, String type, byte[] content) {
        byte[] name = type.getBytes(StandardCharsets.US_ASCII);
        CRC32 crc = new CRC32();
        crc.update(name);
        crc.update(content);
        out.writeBytes(ByteBuffer.allocate(4).putInt(content.length).array());
        out.writeBytes(name);
        out.writeBytes(content);
        out.writeBytes(ByteBuffer.allocate(4).putInt((int) crc.getValue()).array());
    }
}
