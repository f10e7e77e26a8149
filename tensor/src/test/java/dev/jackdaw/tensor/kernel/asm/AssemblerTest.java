package dev.jackdaw.tensor.kernel.asm;

import static dev.jackdaw.tensor.kernel.asm.Mem.at;
import static dev.jackdaw.tensor.kernel.asm.Op.*;
import static dev.jackdaw.tensor.kernel.asm.Reg.*;
import static dev.jackdaw.tensor.kernel.asm.Vec.xmm;
import static dev.jackdaw.tensor.kernel.asm.Vec.ymm;
import static dev.jackdaw.tensor.kernel.asm.Vec.zmm;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// The bytes of every instruction, beside those that the GNU assembler 2.40 writes for the text (`as`, `objdump -d -M intel`).
class AssemblerTest {
    private static void check(String text, String bytes, Consumer<Assembler> instruction) {
        var assembler = new Assembler();
        instruction.accept(assembler);
        assertThat(HexFormat.of().formatHex(assembler.code())).as(text).isEqualTo(bytes);
    }

    @Test
    void writesTheBytesOfTheGnuAssembler() {
        check("mov rax, r15", "4c89f8", a -> a.move(RAX, R15));
        check("mov r9, rdi", "4989f9", a -> a.move(R9, RDI));
        check("mov rcx, -5", "48c7c1fbffffff", a -> a.move(RCX, -5));
        check("movabs r10, 0x123456789abcdef0", "49baf0debc9a78563412", a -> a.move(R10, 0x123456789abcdef0L));
        check("mov rdx, QWORD PTR [rdi+8]", "488b5708", a -> a.load(RDX, at(RDI, 8)));
        check("mov r13, QWORD PTR [r13+0]", "4d8b6d00", a -> a.load(R13, at(R13, 0)));
        check("mov rax, QWORD PTR [rsp+512]", "488b842400020000", a -> a.load(RAX, at(RSP, 512)));
        check("mov r8, QWORD PTR [r12+rbp*8-64]", "4d8b44ecc0", a -> a.load(R8, at(R12, RBP, 8, -64)));
        check("mov eax, DWORD PTR [rsi+r9*2]", "428b044e", a -> a.load32(RAX, at(RSI, R9, 2, 0)));
        check("mov r11d, DWORD PTR [rbp]", "448b5d00", a -> a.load32(R11, at(RBP, 0)));
        check("mov QWORD PTR [rdi+40], r14", "4c897728", a -> a.store(at(RDI, 40), R14));
        check("mov DWORD PTR [rdi], ebx", "891f", a -> a.store32(at(RDI, 0), RBX));
        check("lea rsi, [rsi+rbx*2+4096]", "488db45e00100000", a -> a.address(RSI, at(RSI, RBX, 2, 4096)));
        check("add rax, r8", "4c01c0", a -> a.add(RAX, R8));
        check("add r12, QWORD PTR [rdi+16]", "4c036710", a -> a.add(R12, at(RDI, 16)));
        check("add eax, DWORD PTR [r11+36]", "41034324", a -> a.add32(RAX, at(R11, 36)));
        check("add r11, 64", "4983c340", a -> a.add(R11, 64));
        check("add rax, 1000", "4805e8030000", a -> a.add(RAX, 1000));
        check("add rsi, 512", "4881c600020000", a -> a.add(RSI, 512));
        check("sub r14, r15", "4d29fe", a -> a.subtract(R14, R15));
        check("sub rax, 1", "4883e801", a -> a.subtract(RAX, 1));
        check("cmp r14, 6", "4983fe06", a -> a.compare(R14, 6));
        check("cmp rdx, r10", "4c39d2", a -> a.compare(RDX, R10));
        check("imul rax, rax, -128", "486bc080", a -> a.multiply(RAX, RAX, -128));
        check("imul r9, rcx, 1000", "4c69c9e8030000", a -> a.multiply(R9, RCX, 1000));
        check("shl r8, 5", "49c1e005", a -> a.shiftLeft(R8, 5));
        check("shr rcx, 28", "48c1e91c", a -> a.shiftRight(RCX, 28));
        check("movzx eax, WORD PTR [rsi]", "0fb706", a -> a.load16(RAX, at(RSI, 0)));
        check("movzx r12d, WORD PTR [r8+rcx*2+208]", "450fb7a448d0000000", a -> a.load16(R12, at(R8, RCX, 2, 208)));
        check("movzx eax, BYTE PTR [rsi+192]", "0fb686c0000000", a -> a.load8(RAX, at(RSI, 192)));
        check("movzx ebp, BYTE PTR [r13]", "410fb66d00", a -> a.load8(RBP, at(R13, 0)));
        check("mov WORD PTR [r10], ax", "66418902", a -> a.store16(at(R10, 0), RAX));
        check("mov WORD PTR [rdx+2], r12w", "6644896202", a -> a.store16(at(RDX, 2), R12));
        check("mov BYTE PTR [r8+16], al", "41884010", a -> a.store8(at(R8, 16), RAX));
        check("mov BYTE PTR [rcx], bpl", "408829", a -> a.store8(at(RCX, 0), RBP));
        check("or BYTE PTR [rcx+56], al", "084138", a -> a.or8(at(RCX, 56), RAX));
        check("or BYTE PTR [r9], r12b", "450821", a -> a.or8(at(R9, 0), R12));
        check("or rax, rbx", "4809d8", a -> a.or(RAX, RBX));
        check("xor rax, 0xffffffff80808080", "483580808080", a -> a.xor(RAX, 0x8080_8080));
        check("xor rbp, 8", "4883f508", a -> a.xor(RBP, 8));
        check("push rbx", "53", a -> a.push(RBX));
        check("push r12", "4154", a -> a.push(R12));
        check("pop rbp", "5d", a -> a.pop(RBP));
        check("pop r15", "415f", a -> a.pop(R15));
        check("ret", "c3", a -> a.ret());
        check("cpuid", "0fa2", a -> a.cpuid());
        check("xgetbv", "0f01d0", a -> a.xgetbv());
        check("prefetcht0 BYTE PTR [rsi+1024]", "0f188e00040000", a -> a.prefetch(1, at(RSI, 1024)));
        check("prefetcht1 BYTE PTR [r9+rbx]", "410f181419", a -> a.prefetch(2, at(R9, RBX, 1, 0)));
        check("prefetcht2 BYTE PTR [r13+r12*2]", "430f185c6500", a -> a.prefetch(3, at(R13, R12, 2, 0)));
        check("vzeroupper", "c5f877", a -> a.zeroUpper());
        check("vmovups zmm5, ZMMWORD PTR [rdi]", "62f17c48102f", a -> a.op(MOVUPS, zmm(5), at(RDI, 0)));
        check("vmovups ZMMWORD PTR [r13+64], zmm31", "62417c48117d01", a -> a.op(STOREUPS, at(R13, 64), zmm(31)));
        check("vmovups ZMMWORD PTR [rax+100]{k1}, zmm3", "62f17c49119864000000", a -> a.mask(1).op(STOREUPS, at(RAX, 100), zmm(3)));
        check("vmovdqu32 zmm17, ZMMWORD PTR [rsi+rbx*2+448]", "62e17e486f4c5e07", a -> a.op(MOVDQU, zmm(17), at(RSI, RBX, 2, 448)));
        check("vmovdqu32 zmm2, zmm18", "62b17e486fd2", a -> a.op(MOVDQU, zmm(2), zmm(18)));
        check("vmovdqu32 ZMMWORD PTR [rsp+8192], zmm9", "62717e487f8c2400200000", a -> a.op(STOREDQU, at(RSP, 8192), zmm(9)));
        check("vmovups ymm5, YMMWORD PTR [rdi+32]", "c5fc106f20", a -> a.op(MOVUPS, ymm(5), at(RDI, 32)));
        check("vmovups YMMWORD PTR [r12], ymm15", "c4417c113c24", a -> a.op(STOREUPS, at(R12, 0), ymm(15)));
        check("vmovdqu ymm1, YMMWORD PTR [r10+r11]", "c4817e6f0c1a", a -> a.op(MOVDQU, ymm(1), at(R10, R11, 1, 0)));
        check("mov WORD PTR [r8], ax", "66418900", a -> a.store16(at(R8, 0), RAX));
        check("mov WORD PTR [rsi+4], r9w", "6644894e04", a -> a.store16(at(RSI, 4), R9));
        check("imul rax, r9", "490fafc1", a -> a.multiply(RAX, R9));
        check("imul r13, rcx", "4c0fafe9", a -> a.multiply(R13, RCX));
        check("vaddsd xmm0, xmm0, QWORD PTR [rdi+64]", "c5fb584740", a -> a.op(ADDSD, xmm(0), xmm(0), at(RDI, 64)));
        check("vdivsd xmm3, xmm1, xmm9", "c4c1735ed9", a -> a.op(DIVSD, xmm(3), xmm(1), xmm(9)));
        check("vsqrtsd xmm2, xmm2, xmm2", "c5eb51d2", a -> a.op(SQRTSD, xmm(2), xmm(2), xmm(2)));
        check("vcvtss2sd xmm0, xmm0, xmm0", "c5fa5ac0", a -> a.op(CVTSS2SD, xmm(0), xmm(0), xmm(0)));
        check("vcvtsd2ss xmm4, xmm4, xmm12", "c4c15b5ae4", a -> a.op(CVTSD2SS, xmm(4), xmm(4), xmm(12)));
        check("vpmovzxdq zmm6{k4}, YMMWORD PTR [r10+r15]", "62927d4c35343a", a -> a.mask(4).op(PMOVZXDQ, zmm(6), at(R10, R15, 1, 0)));
        check("vpmovzxdq zmm7, YMMWORD PTR [r11+32]", "62d27d48357b01", a -> a.op(PMOVZXDQ, zmm(7), at(R11, 32)));
        check("vcvtps2ph YMMWORD PTR [rdi+192], zmm0, 0", "62f37d481d470600", a -> a.op(STORECVTPS2PH, at(RDI, 192), zmm(0), 0));
        check("vbroadcastss zmm2, xmm0", "62f27d4818d0", a -> a.op(BROADCASTSS, zmm(2), xmm(0)));
        check("vpdpbusd zmm1, zmm2, zmm3", "62f26d4850cb", a -> a.op(PDPBUSD, zmm(1), zmm(2), zmm(3)));
        check("vpdpbusd zmm31, zmm16, zmm24", "62027d4050f8", a -> a.op(PDPBUSD, zmm(31), zmm(16), zmm(24)));
        check("vpdpbusd zmm9, zmm20, DWORD PTR [r11+28]{1to16}", "62525d50504b07", a -> a.op(PDPBUSD, zmm(9), zmm(20), at(R11, 28).toAllLanes()));
        check("vpdpbusd zmm9, zmm20, DWORD PTR [r11+rbx+1024]{1to16}", "62525d50508c1b00040000", a -> a.op(PDPBUSD, zmm(9), zmm(20), at(R11, RBX, 1, 1024).toAllLanes()));
        check("vmulps zmm4, zmm5, DWORD PTR [rdx+32]{1to16}", "62f15458596208", a -> a.op(MULPS, zmm(4), zmm(5), at(RDX, 32).toAllLanes()));
        check("vmulps ymm4, ymm12, ymm9", "c4c11c59e1", a -> a.op(MULPS, ymm(4), ymm(12), ymm(9)));
        check("vaddps zmm6, zmm7, ZMMWORD PTR [rcx+128]", "62f14448587102", a -> a.op(ADDPS, zmm(6), zmm(7), at(RCX, 128)));
        check("vsubps ymm6, ymm7, YMMWORD PTR [r9]", "c4c1445c31", a -> a.op(SUBPS, ymm(6), ymm(7), at(R9, 0)));
        check("vmaxps zmm0, zmm1, zmm2", "62f174485fc2", a -> a.op(MAXPS, zmm(0), zmm(1), zmm(2)));
        check("vdivps zmm0, zmm1, zmm2", "62f174485ec2", a -> a.op(DIVPS, zmm(0), zmm(1), zmm(2)));
        check("vfmadd231ps zmm8, zmm25, zmm13", "62523540b8c5", a -> a.op(FMADD231PS, zmm(8), zmm(25), zmm(13)));
        check("vfmadd231ps ymm8, ymm2, YMMWORD PTR [rax]", "c4626db800", a -> a.op(FMADD231PS, ymm(8), ymm(2), at(RAX, 0)));
        check("vfmadd231ps zmm8, zmm2, DWORD PTR [r8+r9*4+4]{1to16}", "62126d58b8448801", a -> a.op(FMADD231PS, zmm(8), zmm(2), at(R8, R9, 4, 4).toAllLanes()));
        check("vfmadd213ps zmm8, zmm2, zmm1", "62726d48a8c1", a -> a.op(FMADD213PS, zmm(8), zmm(2), zmm(1)));
        check("vcvtdq2ps zmm14, zmm30", "62117c485bf6", a -> a.op(CVTDQ2PS, zmm(14), zmm(30)));
        check("vcvtdq2ps ymm14, ymm3", "c57c5bf3", a -> a.op(CVTDQ2PS, ymm(14), ymm(3)));
        check("vcvtps2dq zmm1, zmm2", "62f17d485bca", a -> a.op(CVTPS2DQ, zmm(1), zmm(2)));
        check("vcvtph2ps zmm6, YMMWORD PTR [rcx+96]", "62f27d48137103", a -> a.op(CVTPH2PS, zmm(6), at(RCX, 96)));
        check("vcvtph2ps ymm6, XMMWORD PTR [rcx+16]", "c4e27d137110", a -> a.op(CVTPH2PS, ymm(6), at(RCX, 16)));
        check("vpandd zmm1, zmm2, zmm3", "62f16d48dbcb", a -> a.op(PAND, zmm(1), zmm(2), zmm(3)));
        check("vpand ymm1, ymm2, YMMWORD PTR [rdi+64]", "c5eddb4f40", a -> a.op(PAND, ymm(1), ymm(2), at(RDI, 64)));
        check("vpord zmm20, zmm2, zmm3", "62e16d48ebe3", a -> a.op(POR, zmm(20), zmm(2), zmm(3)));
        check("vpor ymm11, ymm2, ymm13", "c4416debdd", a -> a.op(POR, ymm(11), ymm(2), ymm(13)));
        check("vpxord zmm1, zmm1, zmm1", "62f17548efc9", a -> a.op(PXOR, zmm(1), zmm(1), zmm(1)));
        check("vpxor ymm1, ymm1, ymm1", "c5f5efc9", a -> a.op(PXOR, ymm(1), ymm(1), ymm(1)));
        check("vpaddb zmm3{k2}, zmm4, zmm5", "62f15d4afcdd", a -> a.mask(2).op(PADDB, zmm(3), zmm(4), zmm(5)));
        check("vpaddw ymm3, ymm4, ymm5", "c5ddfddd", a -> a.op(PADDW, ymm(3), ymm(4), ymm(5)));
        check("vpaddd zmm3, zmm4, ZMMWORD PTR [r10+4]", "62d15d48fe9a04000000", a -> a.op(PADDD, zmm(3), zmm(4), at(R10, 4)));
        check("vpsubd zmm3, zmm4, zmm25", "62915d48fad9", a -> a.op(PSUBD, zmm(3), zmm(4), zmm(25)));
        check("vpmulld zmm3, zmm4, zmm25", "62925d4840d9", a -> a.op(PMULLD, zmm(3), zmm(4), zmm(25)));
        check("vpmaddwd ymm3, ymm4, ymm5", "c5ddf5dd", a -> a.op(PMADDWD, ymm(3), ymm(4), ymm(5)));
        check("vpmaddubsw ymm3, ymm14, ymm5", "c4e20d04dd", a -> a.op(PMADDUBSW, ymm(3), ymm(14), ymm(5)));
        check("vpshufb zmm3, zmm4, zmm5", "62f25d4800dd", a -> a.op(PSHUFB, zmm(3), zmm(4), zmm(5)));
        check("vpshufb ymm3, ymm4, ymm5", "c4e25d00dd", a -> a.op(PSHUFB, ymm(3), ymm(4), ymm(5)));
        check("vpsllvd zmm3, zmm4, zmm5", "62f25d4847dd", a -> a.op(PSLLVD, zmm(3), zmm(4), zmm(5)));
        check("vpsllvd ymm3, ymm4, ymm5", "c4e25d47dd", a -> a.op(PSLLVD, ymm(3), ymm(4), ymm(5)));
        check("vpmaxsd ymm3, ymm4, ymm5", "c4e25d3ddd", a -> a.op(PMAXSD, ymm(3), ymm(4), ymm(5)));
        check("vpsrld zmm16, zmm17, 4", "62b17d4072d104", a -> a.shift(PSRLD, zmm(16), zmm(17), 4));
        check("vpsrld ymm6, ymm7, 4", "c5cd72d704", a -> a.shift(PSRLD, ymm(6), ymm(7), 4));
        check("vpslld zmm16, zmm7, 23", "62f17d4072f717", a -> a.shift(PSLLD, zmm(16), zmm(7), 23));
        check("vpsrad zmm16, zmm7, 3", "62f17d4072e703", a -> a.shift(PSRAD, zmm(16), zmm(7), 3));
        check("vpsrlw ymm6, ymm7, 8", "c5cd71d708", a -> a.shift(PSRLW, ymm(6), ymm(7), 8));
        check("vpsraw ymm6, ymm7, 8", "c5cd71e708", a -> a.shift(PSRAW, ymm(6), ymm(7), 8));
        check("vpsllw ymm6, ymm7, 8", "c5cd71f708", a -> a.shift(PSLLW, ymm(6), ymm(7), 8));
        check("vpsrlw zmm6, zmm7, 4", "62f14d4871d704", a -> a.shift(PSRLW, zmm(6), zmm(7), 4));
        check("vbroadcastss zmm1, DWORD PTR [r8+4]", "62d27d48184801", a -> a.op(BROADCASTSS, zmm(1), at(R8, 4)));
        check("vbroadcastss ymm1, DWORD PTR [r8+4]", "c4c27d184804", a -> a.op(BROADCASTSS, ymm(1), at(R8, 4)));
        check("vpbroadcastd zmm21, DWORD PTR [r11+12]", "62c27d48586b03", a -> a.op(PBROADCASTD, zmm(21), at(R11, 12)));
        check("vpbroadcastd ymm2, DWORD PTR [r11+12]", "c4c27d58530c", a -> a.op(PBROADCASTD, ymm(2), at(R11, 12)));
        check("vpbroadcastd ymm2, xmm12", "c4c27d58d4", a -> a.op(PBROADCASTD, ymm(2), xmm(12)));
        check("vpbroadcastd zmm21, eax", "62e27d487ce8", a -> a.broadcast(zmm(21), RAX));
        check("vpbroadcastd zmm2, r9d", "62d27d487cd1", a -> a.broadcast(zmm(2), R9));
        check("vmovd xmm2, eax", "c5f96ed0", a -> a.moveLow(xmm(2), RAX));
        check("vmovd xmm12, r9d", "c441796ee1", a -> a.moveLow(xmm(12), R9));
        check("vpmovzxbd zmm1, XMMWORD PTR [rcx+16]", "62f27d48314901", a -> a.op(PMOVZXBD, zmm(1), at(RCX, 16)));
        check("vpmovsxbd zmm1, XMMWORD PTR [rcx+rbp]", "62f27d48210c29", a -> a.op(PMOVSXBD, zmm(1), at(RCX, RBP, 1, 0)));
        check("vpmovzxbd ymm1, QWORD PTR [rcx+8]", "c4e27d314908", a -> a.op(PMOVZXBD, ymm(1), at(RCX, 8)));
        check("vpmovzxbw ymm1, XMMWORD PTR [rcx+8]", "c4e27d304908", a -> a.op(PMOVZXBW, ymm(1), at(RCX, 8)));
        check("vpmovsxbw ymm1, XMMWORD PTR [rcx+8]", "c4e27d204908", a -> a.op(PMOVSXBW, ymm(1), at(RCX, 8)));
        check("vpcmpeqb ymm1, ymm2, ymm3", "c5ed74cb", a -> a.op(PCMPEQB, ymm(1), ymm(2), ymm(3)));
        check("vpcmpeqd ymm1, ymm2, ymm3", "c5ed76cb", a -> a.op(PCMPEQD, ymm(1), ymm(2), ymm(3)));
        check("vpcmpgtd ymm1, ymm2, ymm3", "c5ed66cb", a -> a.op(PCMPGTD, ymm(1), ymm(2), ymm(3)));
        check("vpsadbw ymm6, ymm7, ymm8", "c4c145f6f0", a -> a.op(PSADBW, ymm(6), ymm(7), ymm(8)));
        check("vshuff32x4 zmm13, zmm12, zmm12, 0x4e", "62531d4823ec4e", a -> a.op(SHUFF32X4, zmm(13), zmm(12), zmm(12), 0x4e));
        check("vshuff32x4 zmm21, zmm3, zmm30, 0xb1", "6283654823eeb1", a -> a.op(SHUFF32X4, zmm(21), zmm(3), zmm(30), 0xb1));
        check("vminps zmm16, zmm16, DWORD BCST [r15+48]", "62c17c505d470c", a -> a.op(MINPS, zmm(16), zmm(16), at(R15, 48).toAllLanes()));
        check("vminps ymm1, ymm2, ymm3", "c5ec5dcb", a -> a.op(MINPS, ymm(1), ymm(2), ymm(3)));
        check("vfmsub213ps zmm3, zmm24, zmm12", "62d23d40aadc", a -> a.op(FMSUB213PS, zmm(3), zmm(24), zmm(12)));
        check("vfmsub213ps ymm3, ymm4, YMMWORD PTR [rsi+32]", "c4e25daa5e20", a -> a.op(FMSUB213PS, ymm(3), ymm(4), at(RSI, 32)));
        check("vpshufd zmm13, zmm12, 0x4e", "62517d4870ec4e", a -> a.op(PSHUFD, zmm(13), zmm(12), 0x4e));
        check("vpshufd xmm3, xmm2, 0x4e", "c5f970da4e", a -> a.op(PSHUFD, xmm(3), xmm(2), 0x4e));
        check("vpmovdb XMMWORD PTR [rdx+16], zmm5", "62f27e48316a01", a -> a.op(STOREPMOVDB, at(RDX, 16), zmm(5)));
        check("vpmaxsd zmm2, zmm2, ZMMWORD PTR [rdx+64]", "62f26d483d5201", a -> a.op(PMAXSD, zmm(2), zmm(2), at(RDX, 64)));
        check("vpmovzxwd zmm6, YMMWORD PTR [rsi+64]", "62f27d48337602", a -> a.op(PMOVZXWD, zmm(6), at(RSI, 64)));
        check("and rcx, 511", "4881e1ff010000", a -> a.and(RCX, 511));
        check("and rax, 7", "4883e007", a -> a.and(RAX, 7));
        check("vpandn ymm6, ymm7, ymm8", "c4c145dff0", a -> a.op(PANDN, ymm(6), ymm(7), ymm(8)));
        check("vpabsb ymm6, ymm7", "c4e27d1cf7", a -> a.op(PABSB, ymm(6), ymm(7)));
        check("vpsignb ymm6, ymm7, ymm8", "c4c24508f0", a -> a.op(PSIGNB, ymm(6), ymm(7), ymm(8)));
        check("vmaskmovps YMMWORD PTR [rax+32], ymm3, ymm9", "c462652e4820", a -> a.store(at(RAX, 32), ymm(3), ymm(9)));
        check("vpternlogd zmm1, zmm2, zmm3, 0xf8", "62f36d4825cbf8", a -> a.op(PTERNLOG, zmm(1), zmm(2), zmm(3), 0xf8));
        check("vpcmpltud k3, zmm7, zmm18", "62b345481eda01", a -> a.below(3, zmm(7), zmm(18)));
        check("kmovq k2, QWORD PTR [rdx+8]", "c4e1f8905208", a -> a.mask64(2, at(RDX, 8)));
        check("kmovq k2, QWORD PTR [r9+r12]", "c481f8901421", a -> a.mask64(2, at(R9, R12, 1, 0)));
        check("kmovq k1, rax", "c4e1fb92c8", a -> a.mask64(1, RAX));
        check("kmovq k1, r10", "c4c1fb92ca", a -> a.mask64(1, R10));
    }

    @Test
    void jumpsForwardAndBack() {
        var a = new Assembler();
        var forward = new Assembler.Label();
        Assembler.Label back = a.here();
        a.jump(forward);
        a.jump(Assembler.If.NOT_EQUAL, back);
        a.call(forward);
        a.bind(forward);
        a.address(R9, back);
        // jmp +11; jne -11; call +0; lea r9,[rip-23]
        assertThat(HexFormat.of().formatHex(a.code())).isEqualTo("e90b000000" + "0f85f5ffffff" + "e800000000" + "4c8d0de9ffffff");
    }

    @Test
    void refusesWhatCannotBeEncoded() {
        var a = new Assembler();
        a.jump(new Assembler.Label());
        assertThatThrownBy(a::code).hasMessageContaining("never bound");
        assertThatThrownBy(() -> new Assembler(Isa.AVX2).op(PADDD, zmm(1), zmm(2), zmm(3))).hasMessageContaining("needs AVX-512");
        assertThatThrownBy(() -> at(RAX, RSP, 1, 0)).hasMessageContaining("rsp");
    }
}
