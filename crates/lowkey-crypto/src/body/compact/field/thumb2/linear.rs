//! Sums, differences and choices.

use core::arch::naked_asm;

use super::super::Element;

/// `r2..r9 ± words`, `r1` being the pointer to them, which moves on.
macro_rules! chain {
    ($first:literal, $other:literal) => {
        concat!(
            "ldm r1!, {{r10-r12, lr}}\n",
            $first,
            " r2, r2, r10\n",
            $other,
            " r3, r3, r11\n",
            $other,
            " r4, r4, r12\n",
            $other,
            " r5, r5, lr\n",
            "ldm r1!, {{r10-r12, lr}}\n",
            $other,
            " r6, r6, r10\n",
            $other,
            " r7, r7, r11\n",
            $other,
            " r8, r8, r12\n",
            $other,
            " r9, r9, lr\n",
        )
    };
}

/// Carries r10 ± into r2..r9.
macro_rules! ripple {
    ($first:literal, $other:literal) => {
        concat!(
            $first,
            " r2, r2, r10\n",
            $other,
            " r3, r3, #0\n",
            $other,
            " r4, r4, #0\n",
            $other,
            " r5, r5, #0\n",
            $other,
            " r6, r6, #0\n",
            $other,
            " r7, r7, #0\n",
            $other,
            " r8, r8, #0\n",
            $other,
            " r9, r9, #0\n",
        )
    };
}

/// See [`butterfly`].
#[unsafe(naked)]
pub(in super::super::super) unsafe extern "C" fn add_subtract(
    sum: *mut Element,
    a: *const Element,
    b: *mut Element,
) {
    naked_asm!(
        "
        push    {{r1, r2, r4-r11, lr}}
        mov     r12, r1
        mov     r1, r2
        ldm     r12, {{r2-r9}}
        ",
        chain!("adds", "adcs"),
        "
        @ 2^256 = 38
        sbc     r10, r10, r10
        mvn     r10, r10
        and     r10, r10, #38
        ",
        ripple!("adds", "adcs"),
        "
        stm     r0, {{r2-r9}}
        pop     {{r1, r2}}
        mov     r0, r2
        mov     lr, r1
        mov     r1, r2
        b       {difference}
        ",
        difference = sym subtract_popping,
    )
}

/// See [`subtract`].
#[unsafe(naked)]
pub(in super::super::super) unsafe extern "C" fn sub(a: *mut Element, b: *const Element) {
    naked_asm!(
        "
        push    {{r4-r11, lr}}
        mov     lr, r0
        b       {difference}
        ",
        difference = sym subtract_popping,
    )
}

/// `[r0] = [lr] - [r1]`, and back to whoever pushed r4 to r11 and lr.
#[unsafe(naked)]
unsafe extern "C" fn subtract_popping() {
    naked_asm!(
        "ldm     lr, {{r2-r9}}",
        chain!("subs", "sbcs"),
        "
        @ below zero: 2^256 - 38 more
        sbc     r10, r10, r10
        and     r10, r10, #38
        ",
        ripple!("subs", "sbcs"),
        "
        stm     r0, {{r2-r9}}
        pop     {{r4-r11, pc}}
        ",
    )
}

/// See [`select`].
#[unsafe(naked)]
pub(in super::super::super) unsafe extern "C" fn choose(a: *mut Element, b: *const Element, mask: u32) {
    naked_asm!(
        "
        push    {{r4-r7, lr}}
        add     lr, r1, #32
    2:  ldm     r0, {{r3, r4}}
        ldm     r1!, {{r5, r6}}
        eors    r5, r5, r3
        eors    r6, r6, r4
        ands    r5, r5, r2
        ands    r6, r6, r2
        eors    r3, r3, r5
        eors    r4, r4, r6
        stm     r0!, {{r3, r4}}
        cmp     r1, lr
        bne     2b
        pop     {{r4-r7, pc}}
        ",
    )
}
