/* The boot log on an STM32F4 (RM0090; F2 and F7 are alike): the front of two sectors of 16 KB, in words.
 *
 * Sectors 1 and 2 are small; so the vectors lie in sector 0, the key page in sector 3, the firmware from sector 4 on.
 * Words need a supply of 2.7 V or more. The core stands still while it erases (up to 0.8 s) or programs. */
#include <string.h>

#include "flash_log.h"
#include "mapped.h"
#include "stm32f4xx.h" /* CMSIS, from the chip's maker */

#define SECTOR 0x4000u
#define FIRST_SECTOR 1u
#define LOG (0x08000000u + FIRST_SECTOR * SECTOR)
#define BANK 4096u /* of a sector: a start looks through all of it */
#define ERRORS (FLASH_SR_SOP | FLASH_SR_WRPERR | FLASH_SR_PGAERR | FLASH_SR_PGPERR | FLASH_SR_PGSERR)

static int32_t read_bytes(void *context, uint32_t bank, size_t offset, uint8_t *bytes, size_t len)
{
    (void)context;
    mapped_read(bytes, LOG + bank * SECTOR + (uint32_t)offset, len);
    return 0;
}

static void unlock(void)
{
    if ((FLASH->CR & FLASH_CR_LOCK) != 0) {
        FLASH->KEYR = 0x45670123u;
        FLASH->KEYR = 0xCDEF89ABu;
    }
    FLASH->SR = FLASH_SR_EOP | ERRORS; /* a 1 clears what somebody has left */
}

/* Waits for the end of what the controller does, locks it, and says whether it went well. */
static int32_t finish(void)
{
    while ((FLASH->SR & FLASH_SR_BSY) != 0) {
    }
    const uint32_t said = FLASH->SR;
    FLASH->CR = FLASH_CR_LOCK;
    return (said & ERRORS) == 0 ? 0 : -1;
}

/* The library reads it back. */
static int32_t program_unit(void *context, uint32_t bank, size_t offset, const uint8_t *unit, size_t len)
{
    uint32_t word;
    (void)context;
    (void)len; /* `unit` below */
    memcpy(&word, unit, sizeof word);
    unlock();
    FLASH->CR = FLASH_CR_PSIZE_1 | FLASH_CR_PG; /* 32 bits at once */
    mapped_write(LOG + bank * SECTOR + (uint32_t)offset, word);
    return finish();
}

/* The data cache does not learn of it. */
static void forget_cached(void)
{
    const uint32_t before = FLASH->ACR;
    FLASH->ACR = before & ~FLASH_ACR_DCEN;
    FLASH->ACR = (before & ~FLASH_ACR_DCEN) | FLASH_ACR_DCRST;
    FLASH->ACR = before;
}

/* The library sees to it that all of it is erased. */
static int32_t erase_sector(void *context, uint32_t bank)
{
    const uint32_t which = FLASH_CR_PSIZE_1 | FLASH_CR_SER | (FIRST_SECTOR + bank) << FLASH_CR_SNB_Pos;
    (void)context;
    unlock();
    FLASH->CR = which;
    FLASH->CR = which | FLASH_CR_STRT;
    const int32_t said = finish();
    forget_cached();
    return said;
}

const lowkey_flash flash_log = {
    .context = NULL,
    .unit = sizeof(uint32_t),
    .bank_len = BANK,
    .read = read_bytes,
    .program = program_unit,
    .erase = erase_sector,
};
