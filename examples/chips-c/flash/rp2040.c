/* The boot log on an RP2040: the last two sectors of the serial flash beside it, by the Pico SDK.
 *
 * Serial NOR flash takes a part of a page of 256 bytes: the rest of the page is sent as ones, which change nothing. If
 * yours has an error-correcting code inside, UNIT is what that covers (16 or 32); its data sheet says so.
 *
 * While it is written nothing can run from it: interrupts are off here, and the other core must be stopped, or run from
 * RAM (flash_safe_execute of the SDK sees to both). An erase takes 45 ms and up to 0.4 s. */
#include <string.h>

#include "flash_log.h"
#include "hardware/flash.h"
#include "hardware/sync.h"
#include "mapped.h"

#define LOG (PICO_FLASH_SIZE_BYTES - 2u * FLASH_SECTOR_SIZE)
#define UNIT 8u

static int32_t read_bytes(void *context, uint32_t bank, size_t offset, uint8_t *bytes, size_t len)
{
    (void)context;
    mapped_read(bytes, (uint32_t)(XIP_BASE + LOG + bank * FLASH_SECTOR_SIZE + offset), len);
    return 0;
}

/* The library reads it back: the SDK reports nothing. */
static int32_t program_unit(void *context, uint32_t bank, size_t offset, const uint8_t *unit, size_t len)
{
    const uint32_t at = LOG + bank * FLASH_SECTOR_SIZE + (uint32_t)offset;
    uint8_t page[FLASH_PAGE_SIZE];
    (void)context;
    memset(page, 0xFF, sizeof page);
    memcpy(page + at % FLASH_PAGE_SIZE, unit, len);
    const uint32_t interrupts = save_and_disable_interrupts();
    flash_range_program(at - at % FLASH_PAGE_SIZE, page, sizeof page);
    restore_interrupts(interrupts);
    return 0;
}

/* The library sees to it that all of it is erased. */
static int32_t erase_sector(void *context, uint32_t bank)
{
    (void)context;
    const uint32_t interrupts = save_and_disable_interrupts();
    flash_range_erase(LOG + bank * FLASH_SECTOR_SIZE, FLASH_SECTOR_SIZE);
    restore_interrupts(interrupts);
    return 0;
}

const lowkey_flash flash_log = {
    .context = NULL,
    .unit = UNIT,
    .bank_len = FLASH_SECTOR_SIZE,
    .read = read_bytes,
    .program = program_unit,
    .erase = erase_sector,
};
