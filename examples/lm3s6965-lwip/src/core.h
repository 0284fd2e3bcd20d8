/* The Cortex-M3's few instructions that C has no word for. */
#ifndef CORE_H
#define CORE_H

#include <stdint.h>

/* Masks interrupts; returns what core_unmask needs to leave them as they were. */
static inline uint32_t core_mask(void)
{
    uint32_t before;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(before) : : "memory");
    return before;
}

static inline void core_unmask(uint32_t before)
{
    __asm__ volatile("msr primask, %0" : : "r"(before) : "memory");
}

/* Where the stack is now. */
static inline uint32_t *core_stack(void)
{
    uint32_t *stack;
    __asm__ volatile("mov %0, sp" : "=r"(stack));
    return stack;
}

/* Waits until every write has reached its peripheral; for the compiler, memory may have changed. */
static inline void core_barrier(void)
{
    __asm__ volatile("dsb" : : : "memory");
}

/* Stops the core until an interrupt is pending, masked or not. */
static inline void core_wait(void)
{
    __asm__ volatile("dsb\n\twfi" : : : "memory");
}

#endif
