/* The boot log on an nRF52: the last two pages of 4 KB, in words (nRF52840 Product Specification, NVMC).
 *
 * A word may be written twice between two erases; the log writes it once. The core stands still while it writes (41 µs)
 * or erases (85 ms). Under a SoftDevice the NVMC is not yours: use sd_flash_write and sd_flash_page_erase. */
#include <string.h>

#include "flash_log.h"
#include "mapped.h"
#include "nrf.h" /* the MDK, from the chip's maker */

#define PAGE 4096u
#define LOG 0x000FE000u /* of 1 MB; 0x0007E000 of 512 KB */

static int32_t read_bytes(void *context, uint32_t bank, size_t offset, uint8_t *bytes, size_t len)
{
    (void)context;
    mapped_read(bytes, LOG + bank * PAGE + (uint32_t)offset, len);
    return 0;
}

static void wait(void)
{
    while (NRF_NVMC->READY != NVMC_READY_READY_Ready) {
    }
}

/* Says what may be done to flash: nothing, writing, or erasing. */
static void allow(uint32_t what)
{
    NRF_NVMC->CONFIG = what << NVMC_CONFIG_WEN_Pos;
    wait();
}

/* The library reads it back: this controller reports nothing. */
static int32_t program_unit(void *context, uint32_t bank, size_t offset, const uint8_t *unit, size_t len)
{
    uint32_t word;
    (void)context;
    (void)len; /* `unit` below */
    memcpy(&word, unit, sizeof word);
    allow(NVMC_CONFIG_WEN_Wen);
    mapped_write(LOG + bank * PAGE + (uint32_t)offset, word);
    wait();
    allow(NVMC_CONFIG_WEN_Ren);
    return 0;
}

/* The library sees to it that all of it is erased. */
static int32_t erase_page(void *context, uint32_t bank)
{
    (void)context;
    allow(NVMC_CONFIG_WEN_Een);
    NRF_NVMC->ERASEPAGE = LOG + bank * PAGE;
    wait();
    allow(NVMC_CONFIG_WEN_Ren);
    return 0;
}

const lowkey_flash flash_log = {
    .context = NULL,
    .unit = sizeof(uint32_t),
    .bank_len = PAGE,
    .read = read_bytes,
    .program = program_unit,
    .erase = erase_page,
};
