//! A block in halves of 16 bits: the same sums as in [`super::plain`], in another order.
//!
//! Half j of `h` times r_i falls on word i + j, times s_i on word i + j − 4: so one multiplier is met by four halves
//! or fewer, each in a word of its own. r0 fills four words; s3 and r3, s2 and r2, s1 and r1 do it in pairs.
//! MUL leaves the carry alone, so that one carry runs through four MULs and four ADCSs.

/// `r0..r4 = (r0..r4 + block + 2^128) · r mod p`: with r7 for the block; what follows it is stored as the start.
///
/// r0–r3 and r4 hold the number that is worked on: h, the middle sums, the product.
/// r8–r11 are four halves of h, x0 to x3; r5 is scratch; r7 and r12 are halves of multipliers;
/// r6 points to h4 and the multipliers, lr there or 2 further on, as x0 to x3 are lower halves or higher ones.
macro_rules! block {
    () => {
        r"
        @ From r6:
        .set    .Lx, -16
        .set    .Ls1, 4
        .set    .Ls2, 8
        .set    .Ls3, 12
        .set    .Lr0, 16
        .set    .Lr1, 20
        .set    .Lr2, 24
        .set    .Lr3, 28
        .set    .Lhigher, 2

        @ x0..x3
        .macro  poly1305_halves
            ldrh    r8, [lr, #.Lx]
            ldrh    r9, [lr, #.Lx + 4]
            ldrh    r10, [lr, #.Lx + 8]
            ldrh    r11, [lr, #.Lx + 12]
        .endm

        @ r0..r4 += a · u + b · v · 2^32 + c · w · 2^64 + d · x · 2^96
        .macro  poly1305_row a, u, b, v, c, w, d, x
            mul     r5, \a, \u
            adds    r0, r5
            mul     r5, \b, \v
            adcs    r1, r5
            mul     r5, \c, \w
            adcs    r2, r5
            mul     r5, \d, \x
            adcs    r3, r5
            adc     r4, #0
        .endm

        @ h += block + 2^128
        ldr     r5, [r7]
        ldr     r6, [r7, #4]
        adds    r0, r5
        adcs    r1, r6
        ldr     r5, [r7, #8]
        ldr     r6, [r7, #12]
        adcs    r2, r5
        adcs    r3, r6
        adc     r4, #1                  @ at most 6
        adds    r7, #16
        str     r7, [sp, #.Lstart]
        add     r6, sp, #.Lh
        stm     r6!, {{r0-r3}}
        str     r4, [r6]

        @ Sums of four products with higher halves: < 2^31. First those of h's higher halves, upper, then those of
        @ its lower halves, the beginning of middle.
        add     lr, r6, #.Lhigher
    2:  poly1305_halves
        ldrh    r4, [r6, #.Lr0 + .Lhigher]
        ldrh    r5, [r6, #.Lr1 + .Lhigher]
        ldrh    r7, [r6, #.Lr2 + .Lhigher]
        ldrh    r12, [r6, #.Lr3 + .Lhigher]
        mul     r0, r8, r4
        mul     r1, r9, r4
        mul     r2, r10, r4
        mul     r3, r11, r4
        mla     r1, r8, r5, r1
        mla     r2, r9, r5, r2
        mla     r3, r10, r5, r3
        mla     r2, r8, r7, r2
        mla     r3, r9, r7, r3
        mla     r3, r8, r12, r3
        ldrh    r4, [r6, #.Ls1 + .Lhigher]
        ldrh    r5, [r6, #.Ls2 + .Lhigher]
        ldrh    r7, [r6, #.Ls3 + .Lhigher]
        mla     r0, r11, r4, r0
        mla     r0, r10, r5, r0
        mla     r1, r11, r5, r1
        mla     r0, r9, r7, r0
        mla     r1, r10, r7, r1
        mla     r2, r11, r7, r2
        cmp     lr, r6
        beq     3f
        stm     sp, {{r0-r3}}
        mov     lr, r6
        b       2b

    3:  @ Products with lower halves, with carries: those of h's higher halves into middle, then those of its lower
        @ halves into the product.
        movs    r4, #0
        add     lr, r6, #.Lhigher
    4:  poly1305_halves
        ldrh    r7, [r6, #.Lr0]
        poly1305_row r8, r7, r9, r7, r10, r7, r11, r7
        ldrh    r7, [r6, #.Ls3]
        ldrh    r12, [r6, #.Lr3]
        poly1305_row r9, r7, r10, r7, r11, r7, r8, r12
        ldrh    r7, [r6, #.Ls2]
        ldrh    r12, [r6, #.Lr2]
        poly1305_row r10, r7, r11, r7, r8, r12, r9, r12
        ldrh    r7, [r6, #.Ls1]
        ldrh    r12, [r6, #.Lr1]
        poly1305_row r11, r7, r8, r12, r9, r12, r10, r12
        cmp     lr, r6
        beq     5f
        @ The product so far: middle · 2^16 + (upper + h4 · (s1, s2, s3, r0)) · 2^32. What lies askew sums to
        @ < (4.75 + 6 · 1.25) · 2^28 + 2^16 < 2^32.
        ldm     sp, {{r8-r11}}
        ldm     r6, {{r5, r7, r12, lr}}
        mla     r8, r5, r7, r8
        mla     r9, r5, r12, r9
        mla     r10, r5, lr, r10
        ldr     r7, [r6, #.Lr0]
        mla     r11, r5, r7, r11
        add     r8, r8, r0, lsr #16
        add     r9, r9, r1, lsr #16
        add     r10, r10, r2, lsr #16
        add     r11, r11, r3, lsr #16
        lsls    r0, r0, #16
        adds    r1, r8, r1, lsl #16
        adcs    r2, r9, r2, lsl #16
        adcs    r3, r10, r3, lsl #16
        adc     r4, r11, r4, lsl #16
        mov     lr, r6
        b       4b

    5:  @ What is above 2^130 comes down times five. r4 < 2^31.4
        lsrs    r5, r4, #2
        and     r4, r4, #3
        add     r5, r5, r5, lsl #2
        movs    r7, #0
        adds    r0, r5
        adcs    r1, r7
        adcs    r2, r7
        adcs    r3, r7
        adcs    r4, r7                  @ at most 4
        .purgem poly1305_halves
        .purgem poly1305_row
        "
    };
}
pub(super) use block;
