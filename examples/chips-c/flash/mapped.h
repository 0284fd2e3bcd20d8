/* Flash where the core sees it. A file of its own so that our tests can have a model of a chip in its place. */
#ifndef MAPPED_H
#define MAPPED_H

#include <stddef.h>
#include <stdint.h>

static inline void mapped_read(uint8_t *bytes, uint32_t address, size_t len)
{
    const volatile uint8_t *const from = (const volatile uint8_t *)(uintptr_t)address;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = from[i];
    }
}

static inline void mapped_write_half(uint32_t address, uint16_t half)
{
    *(volatile uint16_t *)(uintptr_t)address = half;
}

static inline void mapped_write(uint32_t address, uint32_t word)
{
    *(volatile uint32_t *)(uintptr_t)address = word;
}

#endif
