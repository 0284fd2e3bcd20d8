@ The functions for Armv7-M and Armv8-M Mainline: words, at any address.

@ void *memcpy(void *to, const void *from, size_t n)
    function memcpy, memcpy, __aeabi_memcpy, __aeabi_memcpy4, __aeabi_memcpy8
    mov     r12, r0
    subs    r2, #4
    blo     2f
1:  ldr     r3, [r1], #4
    str     r3, [r12], #4
    subs    r2, #4
    bhs     1b
2:  adds    r2, #4
    beq     4f
3:  ldrb    r3, [r1], #1
    strb    r3, [r12], #1
    subs    r2, #1
    bne     3b
4:  bx      lr
    end     memcpy

@ void *memmove(void *to, const void *from, size_t n)
    function memmove, memmove, __aeabi_memmove, __aeabi_memmove4, __aeabi_memmove8
    subs    r3, r0, r1
    cmp     r3, r2
    bhs     memcpy              @ no byte of `from` is overwritten before it is read
1:  subs    r2, #1
    blo     2f
    ldrb    r3, [r1, r2]
    strb    r3, [r0, r2]
    b       1b
2:  bx      lr
    end     memmove

    function memset, memset
@ void *memset(void *to, int byte, size_t n)
    mov     r3, r1
    mov     r1, r2
    mov     r2, r3
    b       1f
@ void __aeabi_memclr(void *to, size_t n)
    entry __aeabi_memclr, __aeabi_memclr4, __aeabi_memclr8
    movs    r2, #0
@ void __aeabi_memset(void *to, size_t n, int byte)
    entry __aeabi_memset, __aeabi_memset4, __aeabi_memset8
1:  uxtb    r2, r2
    orr     r2, r2, r2, lsl #8
    orr     r2, r2, r2, lsl #16
    mov     r3, r0
    subs    r1, #4
    blo     3f
2:  str     r2, [r3], #4
    subs    r1, #4
    bhs     2b
3:  adds    r1, #4
    beq     5f
4:  strb    r2, [r3], #1
    subs    r1, #1
    bne     4b
5:  bx      lr
    end     memset

@ int memcmp(const void *a, const void *b, size_t n)
    function memcmp, memcmp, bcmp
    movs    r3, #0
1:  subs    r2, #1
    blo     2f
    ldrb    r3, [r0], #1
    ldrb    r12, [r1], #1
    subs    r3, r3, r12
    beq     1b
2:  mov     r0, r3
    bx      lr
    end     memcmp
