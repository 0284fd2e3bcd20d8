@ What is around the functions: each in a section of its own, so that the linker leaves out what nobody calls.

    .syntax unified
    .thumb

    .macro function section, names:vararg
    .section .text.lowkey_mem.\section, "ax", %progbits
    .p2align 1
    entry   \names
    .endm

    .macro entry names:vararg
    .irp name, \names
    .globl  \name
    .type   \name, %function
    .thumb_func
\name:
    .endr
    .endm

    .macro end name
    .size   \name, . - \name
    .endm
