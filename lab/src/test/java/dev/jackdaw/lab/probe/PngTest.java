package dev.jackdaw.lab.probe;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

class PngTest {
    @Test
    void isReadByAnotherReader() throws IOException {
        byte[] alpha = {0, 1, 127, (byte) 128, (byte) 254, (byte) 255};
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(Png.of(alpha, 3, 2, 0x1f7fd0)));
        assertThat(image.getWidth()).isEqualTo(3);
        assertThat(image.getHeight()).isEqualTo(2);
        for (int i = 0; i < alpha.length; i++) {
            int argb = image.getRGB(i % 3, i / 3);
            assertThat(argb >>> 24).isEqualTo(alpha[i] & 0xff);
            assertThat(argb & 0xffffff).isEqualTo(0x1f7fd0);
        }
    }

    @Test
    void isADataUrl() {
        assertThat(Png.dataUrl(new byte[4], 2, 2, 0)).startsWith("data:image/png;base64,iVBORw0KGgo");
    }

    @Test
    void weightsBecomePixelsByTheirRoot() {
        assertThat(ProbePage.pixels(new float[][] {{1, 0}, {0.25f, 0.75f}})).containsExactly((byte) 255, 0, (byte) 128, (byte) 221);
    }
}
