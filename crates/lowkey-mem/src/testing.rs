//! Armv6-M's functions beside Armv7-M's, under names of their own: `thumb1_memcpy` and so on. A core with the larger
//! instruction set has the smaller one as well, so `tests/m3` tests both there; in no other build are they.

core::arch::global_asm!(
    ".macro function section, names:vararg",
    ".section .text.lowkey_mem.thumb1_\\section, \"ax\", %progbits",
    ".p2align 1",
    "entry \\names",
    ".endm",
    ".macro entry names:vararg",
    ".irp name, \\names",
    ".globl thumb1_\\name",
    ".type thumb1_\\name, %function",
    ".thumb_func",
    "thumb1_\\name:",
    ".endr",
    ".endm",
    ".macro end name",
    ".size thumb1_\\name, . - thumb1_\\name",
    ".endm",
    include_str!("thumb1.s"),
    include_str!("end.s"),
    options(raw) // braces are lists of registers
);
