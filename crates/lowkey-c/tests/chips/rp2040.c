/* A model of the serial flash beside an RP2040: a page program takes 256 bytes and clears bits, and nothing can run
 * from it meanwhile. */
#include "hardware/flash.h"
#include "hardware/sync.h"

#include "chip.h"
#include "mapped.h"

#define LOG (PICO_FLASH_SIZE_BYTES - 2 * FLASH_SECTOR_SIZE)

static uint32_t interrupts;

uint32_t save_and_disable_interrupts(void)
{
    const uint32_t before = interrupts;
    cells_step();
    interrupts = 0;
    return before;
}

void restore_interrupts(uint32_t status)
{
    cells_step();
    interrupts = status;
}

/* Where an offset of the flash is in the cells. */
static uint32_t bank_of(uint32_t at, size_t *offset)
{
    CHECK(at >= LOG && at < PICO_FLASH_SIZE_BYTES);
    *offset = (at - LOG) % FLASH_SECTOR_SIZE;
    return (at - LOG) / FLASH_SECTOR_SIZE;
}

void flash_range_erase(uint32_t flash_offs, size_t count)
{
    size_t offset;
    const uint32_t bank = bank_of(flash_offs, &offset);
    CHECK(offset == 0 && count == FLASH_SECTOR_SIZE && interrupts == 0);
    cells_erase(bank);
}

void flash_range_program(uint32_t flash_offs, const uint8_t *data, size_t count)
{
    size_t offset;
    const uint32_t bank = bank_of(flash_offs, &offset);
    CHECK(offset % FLASH_PAGE_SIZE == 0 && count == FLASH_PAGE_SIZE && interrupts == 0);
    cells_program(bank, offset, data, count);
}

void mapped_read(uint8_t *bytes, uint32_t address, size_t len)
{
    size_t offset;
    const uint32_t bank = bank_of(address - XIP_BASE, &offset);
    CHECK(cells_read(bank, offset, bytes, len));
}

void chip_make(void)
{
    cells_make(CELLS_PLAIN, FLASH_PAGE_SIZE, FLASH_SECTOR_SIZE);
}

void chip_start(void)
{
    interrupts = 1;
}

void chip_rest(void)
{
    CHECK(interrupts == 1);
}
