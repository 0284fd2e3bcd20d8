/* Numbers in messages. */
#ifndef BYTES_H
#define BYTES_H

#include <stdint.h>

/* Writes `number` into four bytes, big-endian. */
static inline void put_u32(uint8_t *to, uint32_t number)
{
    to[0] = (uint8_t)(number >> 24);
    to[1] = (uint8_t)(number >> 16);
    to[2] = (uint8_t)(number >> 8);
    to[3] = (uint8_t)number;
}

#endif
