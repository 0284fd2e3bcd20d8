//! A block in whole words, for a core whose long multiplies take a constant time: column by column.
//!
//! A column is four products, and h4's: below 5 · 2^60 + 2^31. So what one leaves over begins the next; UMAAL adds
//! h4's product to both, which fits a word, and UMLAL the others, without a carry. A column meets the multipliers of
//! the one before it but for the first of them, in whose place comes the next: s1, s2, s3, r0, then r1, r2, r3.

/// As `narrow`' own.
///
/// r0–r4 hold h; r5–r8 the column's multipliers; r9–r12 and lr the product.
macro_rules! block {
    () => {
        concat!(
            the_core!(),
            r"
        @ low, high = low + h4 · a + h0 · next + h1 · b + h2 · c + h3 · d; the next one takes a's place
        .macro poly1305_column low, high, at, a, b, c, d
            mul     \high, r4, \a
            ldr     \a, [sp, #.Lh4 + \at]
            umaal   \low, \high, r0, \a
            umlal   \low, \high, r1, \b
            umlal   \low, \high, r2, \c
            umlal   \low, \high, r3, \d
        .endm

        @ h += block + 2^128
        ldr     r5, [r7]
        ldr     r6, [r7, #4]
        ldr     r8, [r7, #8]
        ldr     r9, [r7, #12]
        adds    r7, #16
        str     r7, [sp, #.Lstart]
        adds    r0, r5
        adcs    r1, r6
        adcs    r2, r8
        adcs    r3, r9
        adc     r4, #1                  @ at most 6
        ldr     r5, [sp, #.Lh4 + 4]
        ldr     r6, [sp, #.Lh4 + 8]
        ldr     r7, [sp, #.Lh4 + 12]
        ldr     r8, [sp, #.Lh4 + 16]
        umull   r9, r10, r0, r8
        umlal   r9, r10, r1, r7
        umlal   r9, r10, r2, r6
        umlal   r9, r10, r3, r5
        poly1305_column r10, r11, 20, r5, r8, r7, r6
        poly1305_column r11, r12, 24, r6, r5, r8, r7
        poly1305_column r12, lr, 28, r7, r6, r5, r8
        mla     lr, r4, r8, lr

        @ What is above 2^130 comes down times five. lr < 11.1 · 2^28
        lsrs    r5, lr, #2
        and     r4, lr, #3
        add     r5, r5, r5, lsl #2
        adds    r0, r9, r5
        adcs    r1, r10, #0
        adcs    r2, r11, #0
        adcs    r3, r12, #0
        adc     r4, r4, #0              @ at most 4
        .purgem poly1305_column
        "
        )
    };
}
pub(super) use block;
