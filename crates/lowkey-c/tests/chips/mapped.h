/* In place of examples/chips-c/flash/mapped.h: the model of the chip sees what the core does. */
#ifndef MAPPED_H
#define MAPPED_H

#include <stddef.h>
#include <stdint.h>

void mapped_read(uint8_t *bytes, uint32_t address, size_t len);
void mapped_write_half(uint32_t address, uint16_t half);
void mapped_write(uint32_t address, uint32_t word);

#endif
