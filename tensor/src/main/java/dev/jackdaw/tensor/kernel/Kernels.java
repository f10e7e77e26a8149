package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Switches;
import dev.jackdaw.tensor.kernel.asm.MachineCode;
import dev.jackdaw.tensor.kernel.asm.RowCode;
import java.lang.foreign.MemorySegment;

/// One implementation of every kernel, chosen once at start: the Vector API versions where the incubator module is there, else the
/// scalar references.
public record Kernels(String name, Attention attention, CachedAttention cachedAttention, Norm norm, QkNormRope qkNormRope,
                      Activation activation, Embedding embedding, CrossEntropy crossEntropy, AdamW adamW, Muon muon,
                      Elementwise elementwise, Bends bends, Folding folding) {
    public static Kernels choose() {
        return Switches.SCALAR || ModuleLayer.boot().findModule("jdk.incubator.vector").isEmpty() ? scalar() : Simd.kernels();
    }

    private static Kernels scalar() {
        return new Kernels("scalar reference kernels (add --add-modules=jdk.incubator.vector for the fast ones)", Attention.SCALAR, CachedAttention.SCALAR,
                Norm.SCALAR, QkNormRope.SCALAR, Activation.SCALAR, Embedding.SCALAR, CrossEntropy.SCALAR, AdamW.SCALAR, Muon.SCALAR, Elementwise.SCALAR,
                Bends.SCALAR, Folding.SCALAR);
    }

    /// Apart, so that nothing of the Vector API is loaded where it is missing.
    private static final class Simd {
        private static Activation activation() {
            MemorySegment swiglu = Lanes.LANES == 16 ? RowCode.swiglu(MachineCode.current().isa()) : null;
            return swiglu == null ? new ActivationSimd() : new ActivationAsm(swiglu);
        }

        static Kernels kernels() {
            return new Kernels("Vector API kernels, " + 8 * Lanes.BYTES + " bits", new AttentionSimd(), new CachedAttentionSimd(),
                    new NormSimd(), new QkNormRopeSimd(), activation(), new EmbeddingSimd(), new CrossEntropySimd(), new AdamWSimd(),
                    new MuonSimd(), new ElementwiseSimd(), new BendsSimd(), new FoldingSimd());
        }
    }
}
