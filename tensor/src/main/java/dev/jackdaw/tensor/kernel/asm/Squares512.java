package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.Vec.xmm;
import static dev.jackdaw.tensor.kernel.asm.Vec.zmm;

/// What norms share: the sum of a vector's lanes in the order of `Vectors.sum`, and the factor 1 / √(sum / width + ε) from it, in F64.
final class Squares512 {
    private Squares512() {
    }

    /// All lanes of `s` become their sum.
    static void sum(Assembler a, Vec s, Vec spare) {
        a.op(Op.SHUFF32X4, spare, s, s, 0x4E);
        a.op(Op.ADDPS, s, s, spare);
        a.op(Op.SHUFF32X4, spare, s, s, 0xB1);
        a.op(Op.ADDPS, s, s, spare);
        a.op(Op.PSHUFD, spare, s, 0x4E);
        a.op(Op.ADDPS, s, s, spare);
        a.op(Op.PSHUFD, spare, s, 0xB1);
        a.op(Op.ADDPS, s, s, spare);
    }

    /// All lanes of `factor` become the factor of the sum in `s`; it is stored if that is asked for.
    ///
    /// @param one   F64 1 in its low lane
    /// @param spare changed
    /// @param k     a mask with only the lowest bit
    static void factor(Assembler a, Vec factor, Vec s, Vec one, Reg arguments, Reg spare, int k) {
        Vec x = xmm(s.number());
        a.op(Op.CVTSS2SD, x, x, x);
        a.op(Op.DIVSD, x, x, at(arguments, RowCode.DIVISOR));
        a.op(Op.ADDSD, x, x, at(arguments, RowCode.EPSILON));
        a.op(Op.SQRTSD, x, x, x);
        a.op(Op.DIVSD, x, xmm(one.number()), x);
        a.op(Op.CVTSD2SS, x, x, x);
        a.op(Op.BROADCASTSS, factor, x);
        var none = new Assembler.Label();
        a.load(spare, at(arguments, RowCode.FACTORS));
        a.compare(spare, 0);
        a.jump(Assembler.If.EQUAL, none);
        a.mask(k).op(Op.STOREUPS, at(spare, 0), zmm(factor.number()));
        a.add(spare, 4);
        a.store(at(arguments, RowCode.FACTORS), spare);
        a.bind(none);
    }

    /// F64 1 in the low lane of `to`.
    static void one(Assembler a, Vec to, Reg arguments, Reg spare) {
        a.move(spare, Double.doubleToRawLongBits(1));
        a.store(at(arguments, RowCode.OWN), spare);
        a.op(Op.MOVUPS, xmm(to.number()), at(arguments, RowCode.OWN));
    }
}
