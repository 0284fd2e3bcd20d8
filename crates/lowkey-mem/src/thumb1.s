@ The functions for Armv6-M and Armv8-M Baseline, where a word at an odd address is a fault: bytes.

@ void *memcpy(void *to, const void *from, size_t n)
    function memcpy, memcpy, __aeabi_memcpy, __aeabi_memcpy4, __aeabi_memcpy8
    b       2f
1:  ldrb    r3, [r1, r2]
    strb    r3, [r0, r2]
2:  subs    r2, #1
    bhs     1b
    bx      lr
    end     memcpy

@ void *memmove(void *to, const void *from, size_t n)
    function memmove, memmove, __aeabi_memmove, __aeabi_memmove4, __aeabi_memmove8
    push    {r4, lr}
    movs    r3, #0
    cmp     r1, r0
    blo     2f
    b       4f
1:  ldrb    r4, [r1, r2]        @ from the last byte on: none of `from` behind it is read again
    strb    r4, [r0, r2]
2:  subs    r2, #1
    bhs     1b
    pop     {r4, pc}
3:  ldrb    r4, [r1, r3]
    strb    r4, [r0, r3]
    adds    r3, #1
4:  cmp     r3, r2
    blo     3b
    pop     {r4, pc}
    end     memmove

    function memset, memset
@ void *memset(void *to, int byte, size_t n)
    mov     r3, r1
    mov     r1, r2
    mov     r2, r3
    b       2f
@ void __aeabi_memclr(void *to, size_t n)
    entry __aeabi_memclr, __aeabi_memclr4, __aeabi_memclr8
    movs    r2, #0
@ void __aeabi_memset(void *to, size_t n, int byte)
    entry __aeabi_memset, __aeabi_memset4, __aeabi_memset8
    b       2f
1:  strb    r2, [r0, r1]
2:  subs    r1, #1
    bhs     1b
    bx      lr
    end     memset

@ int memcmp(const void *a, const void *b, size_t n)
    function memcmp, memcmp, bcmp
    push    {r4, lr}
    adds    r2, r0, r2          @ where `a` ends
    b       2f
1:  ldrb    r3, [r0]
    ldrb    r4, [r1]
    adds    r0, #1
    adds    r1, #1
    subs    r3, r3, r4
    bne     3f
2:  movs    r3, #0
    cmp     r0, r2
    bne     1b
3:  mov     r0, r3
    pop     {r4, pc}
    end     memcmp
