/* The boot log on an STM32F1 with 256 KB of flash: the last two pages, in half-words (PM0075).
 *
 * The internal oscillator (HSI) has to be on. The core stands still while it erases or programs. */
#include <string.h>

#include "flash_log.h"
#include "mapped.h"
#include "stm32f1xx.h" /* CMSIS, from the chip's maker */

#define PAGE 2048u /* 1024 on an STM32F101, F102 or F103 with up to 128 KB */
#define LOG 0x0803F000u
#define ERRORS (FLASH_SR_PGERR | FLASH_SR_WRPRTERR)

static int32_t read_bytes(void *context, uint32_t bank, size_t offset, uint8_t *bytes, size_t len)
{
    (void)context;
    mapped_read(bytes, LOG + bank * PAGE + (uint32_t)offset, len);
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
    uint16_t half;
    (void)context;
    (void)len; /* `unit` below */
    memcpy(&half, unit, sizeof half);
    unlock();
    FLASH->CR = FLASH_CR_PG;
    mapped_write_half(LOG + bank * PAGE + (uint32_t)offset, half);
    return finish();
}

/* The library sees to it that all of it is erased. */
static int32_t erase_page(void *context, uint32_t bank)
{
    (void)context;
    unlock();
    FLASH->CR = FLASH_CR_PER;
    FLASH->AR = LOG + bank * PAGE;
    FLASH->CR = FLASH_CR_PER | FLASH_CR_STRT;
    return finish();
}

const lowkey_flash flash_log = {
    .context = NULL,
    .unit = sizeof(uint16_t),
    .bank_len = PAGE,
    .read = read_bytes,
    .program = program_unit,
    .erase = erase_page,
};
