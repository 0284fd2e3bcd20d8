/* What is named of the Pico SDK, hardware_flash. */
#ifndef HARDWARE_FLASH_H
#define HARDWARE_FLASH_H

#include <stddef.h>
#include <stdint.h>

#define XIP_BASE 0x10000000u
#define PICO_FLASH_SIZE_BYTES (2u * 1024u * 1024u)
#define FLASH_PAGE_SIZE 256u
#define FLASH_SECTOR_SIZE 4096u

void flash_range_erase(uint32_t flash_offs, size_t count);
void flash_range_program(uint32_t flash_offs, const uint8_t *data, size_t count);

#endif
