package dev.jackdaw.tensor.kernel.asm;

/// The vector instructions we use, with what their encoding needs: Intel's Software Developer's Manual, volume 2, gives for each a line
/// such as `EVEX.512.66.0F38.W0 50 /r VPDPBUSD`. Here: the opcode map (1 = 0F, 2 = 0F38, 3 = 0F3A), the prefix (0 none, 1 = 66, 2 = F3,
/// 3 = F2), the opcode, the digit in place of a register (-1: none), and how much memory an operand covers.
///
/// Where both exist, one name stands for the VEX form and for its 32-bit EVEX sibling (`vpand` and `vpandd`).
public enum Op {
    MOVUPS(1, 0, 0x10, Covers.ALL), STOREUPS(1, 0, 0x11, Covers.ALL),
    MOVDQU(1, 2, 0x6F, Covers.ALL), STOREDQU(1, 2, 0x7F, Covers.ALL),
    SHUFF32X4(3, 1, 0x23, Covers.LANES), ADDPS(1, 0, 0x58, Covers.LANES), MULPS(1, 0, 0x59, Covers.LANES), SUBPS(1, 0, 0x5C, Covers.LANES), MAXPS(1, 0, 0x5F, Covers.LANES), MINPS(1, 0, 0x5D, Covers.LANES),
    DIVPS(1, 0, 0x5E, Covers.LANES),
    FMADD213PS(2, 1, 0xA8, Covers.LANES), FMADD231PS(2, 1, 0xB8, Covers.LANES), FMSUB213PS(2, 1, 0xAA, Covers.LANES),
    CVTDQ2PS(1, 0, 0x5B, Covers.LANES), CVTPS2DQ(1, 1, 0x5B, Covers.LANES), CVTPH2PS(2, 1, 0x13, Covers.HALF),
    PAND(1, 1, 0xDB, Covers.LANES), POR(1, 1, 0xEB, Covers.LANES), PXOR(1, 1, 0xEF, Covers.LANES), PANDN(1, 1, 0xDF, Covers.LANES),
    PABSB(2, 1, 0x1C, Covers.ALL), PSIGNB(2, 1, 0x08, Covers.ALL),
    PADDB(1, 1, 0xFC, Covers.ALL), PADDW(1, 1, 0xFD, Covers.ALL), PADDD(1, 1, 0xFE, Covers.LANES), PSUBD(1, 1, 0xFA, Covers.LANES),
    PMULLD(2, 1, 0x40, Covers.LANES), PMADDWD(1, 1, 0xF5, Covers.ALL), PMADDUBSW(2, 1, 0x04, Covers.ALL), PDPBUSD(2, 1, 0x50, Covers.LANES),
    PSHUFB(2, 1, 0x00, Covers.ALL), PSLLVD(2, 1, 0x47, Covers.LANES), PMAXSD(2, 1, 0x3D, Covers.LANES),
    PSADBW(1, 1, 0xF6, Covers.ALL), PSHUFD(1, 1, 0x70, Covers.LANES), STOREPMOVDB(2, 2, 0x31, Covers.QUARTER),
    PSRLD(1, 1, 0x72, 2, Covers.LANES), PSLLD(1, 1, 0x72, 6, Covers.LANES), PSRAD(1, 1, 0x72, 4, Covers.LANES),
    PSRLW(1, 1, 0x71, 2, Covers.ALL), PSLLW(1, 1, 0x71, 6, Covers.ALL), PSRAW(1, 1, 0x71, 4, Covers.ALL),
    BROADCASTSS(2, 1, 0x18, Covers.ONE), PBROADCASTD(2, 1, 0x58, Covers.ONE),
    PMOVZXBD(2, 1, 0x31, Covers.QUARTER), PMOVSXBD(2, 1, 0x21, Covers.QUARTER), PMOVZXWD(2, 1, 0x33, Covers.HALF), PMOVZXBW(2, 1, 0x30, Covers.HALF), PMOVSXBW(2, 1, 0x20, Covers.HALF),
    PMOVZXDQ(2, 1, 0x35, Covers.HALF), STORECVTPS2PH(3, 1, 0x1D, Covers.HALF),
    /// One number of eight bytes, always in the VEX form: registers 0 to 15, no mask.
    ADDSD(1, 3, 0x58, Covers.ALL), DIVSD(1, 3, 0x5E, Covers.ALL), SQRTSD(1, 3, 0x51, Covers.ALL), CVTSD2SS(1, 3, 0x5A, Covers.ALL), CVTSS2SD(1, 2, 0x5A, Covers.ALL),
    PCMPEQB(1, 1, 0x74, Covers.ALL), PCMPEQD(1, 1, 0x76, Covers.ALL), PCMPGTD(1, 1, 0x66, Covers.ALL),
    STOREMASKMOVPS(2, 1, 0x2E, Covers.ALL), PTERNLOG(3, 1, 0x25, Covers.LANES), PCMPUD(3, 1, 0x1E, Covers.LANES);

    /// How many bytes of memory an operand takes; EVEX counts one-byte offsets in that unit.
    enum Covers {
        /// A vector, never broadcast.
        ALL,
        /// A vector, or one number for all lanes.
        LANES, HALF, QUARTER,
        /// One number of four bytes.
        ONE
    }

    final int map;
    final int prefix;
    final int opcode;
    final int digit;
    final Covers covers;

    Op(int map, int prefix, int opcode, Covers covers) {
        this(map, prefix, opcode, -1, covers);
    }

    Op(int map, int prefix, int opcode, int digit, Covers covers) {
        this.map = map;
        this.prefix = prefix;
        this.opcode = opcode;
        this.digit = digit;
        this.covers = covers;
    }

    int unit(int vectorBytes, boolean broadcast) {
        return switch (covers) {
            case ALL -> vectorBytes;
            case LANES -> broadcast ? 4 : vectorBytes;
            case HALF -> vectorBytes / 2;
            case QUARTER -> vectorBytes / 4;
            case ONE -> 4;
        };
    }
}
