package dev.jackdaw.tensor.kernel;

import dev.jackdaw.tensor.Switches;
import dev.jackdaw.tensor.kernel.asm.Isa;
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
        private static final Isa ISA = Lanes.LANES == 16 ? MachineCode.current().isa() : Isa.NONE;

        private static Activation activation() {
            MemorySegment swiglu = RowCode.swiglu(ISA);
            return swiglu == null ? new ActivationSimd() : new ActivationAsm(swiglu);
        }

        private static Norm norm() {
            MemorySegment rms = RowCode.rms(ISA);
            return rms == null ? new NormSimd() : new NormAsm(rms);
        }

        private static QkNormRope qkNormRope() {
            return ISA == Isa.AVX512 ? new QkNormRopeAsm(ISA) : new QkNormRopeSimd();
        }

        private static Elementwise elementwise() {
            MemorySegment add = RowCode.add(ISA), axpby = RowCode.axpby(ISA);
            return add == null || axpby == null ? new ElementwiseSimd() : new ElementwiseAsm(add, axpby);
        }

        static Kernels kernels() {
            return new Kernels("Vector API kernels, " + 8 * Lanes.BYTES + " bits", new AttentionSimd(), new CachedAttentionSimd(),
                    norm(), qkNormRope(), activation(), new EmbeddingSimd(), new CrossEntropySimd(), new AdamWSimd(),
                    new MuonSimd(), elementwise(), new BendsSimd(), new FoldingSimd());
        }
    }
}
