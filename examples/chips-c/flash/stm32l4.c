/* The boot log on an STM32L4 or G4 with 256 KB in one bank: the last two pages, in double words (RM0394, RM0440).
 *
 * A double word carries an error-correcting code, so it is written once between two erases. One whose code is broken,
 * as it can be after a power cut, is an NMI when it is read. NMI_Handler has to call flash_log_nmi:
 *
 *     void NMI_Handler(void) { if (!flash_log_nmi()) { stop(); } }
 *
 * With two banks, set BKER for pages of the second one. */
#include <string.h>

#include "flash_log.h"
#include "mapped.h"
#include "stm32l4xx.h" /* or stm32g4xx.h: CMSIS, from the chip's maker */

#define PAGE 2048u
#define FIRST_PAGE 126u
#define LOG (0x08000000u + FIRST_PAGE * PAGE)
#define UNIT 8u
#define ERRORS \
    (FLASH_SR_OPERR | FLASH_SR_PROGERR | FLASH_SR_WRPERR | FLASH_SR_PGAERR | FLASH_SR_SIZERR | FLASH_SR_PGSERR)

static volatile bool is_reading, is_broken;

bool flash_log_nmi(void)
{
    if (!is_reading || (FLASH->ECCR & FLASH_ECCR_ECCD) == 0) {
        return false;
    }
    FLASH->ECCR = (FLASH->ECCR & FLASH_ECCR_ECCIE) | FLASH_ECCR_ECCD; /* a 1 clears */
    is_broken = true;
    return true;
}

/* A broken code: it cannot be read. The log goes on without it. */
static int32_t read_bytes(void *context, uint32_t bank, size_t offset, uint8_t *bytes, size_t len)
{
    (void)context;
    is_broken = false;
    is_reading = true;
    mapped_read(bytes, LOG + bank * PAGE + (uint32_t)offset, len);
    __DSB();
    __ISB(); /* the NMI has come, if it does */
    is_reading = false;
    return is_broken ? -1 : 0;
}

/* Ready to erase or program. The data cache is off meanwhile: an erratum can leave what is wrong in it. */
static uint32_t unlock(void)
{
    const uint32_t before = FLASH->ACR;
    while ((FLASH->SR & FLASH_SR_BSY) != 0) {
    }
    FLASH->ACR = before & ~FLASH_ACR_DCEN;
    if ((FLASH->CR & FLASH_CR_LOCK) != 0) {
        FLASH->KEYR = 0x45670123u;
        FLASH->KEYR = 0xCDEF89ABu;
    }
    FLASH->SR = FLASH_SR_EOP | ERRORS; /* a 1 clears what somebody has left */
    return before;
}

/* Waits for the end of what the controller does, locks it, and says whether it went well. */
static int32_t finish(uint32_t before)
{
    while ((FLASH->SR & FLASH_SR_BSY) != 0) {
    }
    const uint32_t said = FLASH->SR;
    FLASH->CR = 0;
    FLASH->CR = FLASH_CR_LOCK;
    FLASH->ACR = (before & ~FLASH_ACR_DCEN) | FLASH_ACR_DCRST;
    FLASH->ACR = before;
    return (said & ERRORS) == 0 ? 0 : -1;
}

/* The library reads it back. */
static int32_t program_unit(void *context, uint32_t bank, size_t offset, const uint8_t *unit, size_t len)
{
    const uint32_t address = LOG + bank * PAGE + (uint32_t)offset;
    uint32_t words[UNIT / 4];
    (void)context;
    (void)len; /* UNIT */
    memcpy(words, unit, sizeof words);
    const uint32_t before = unlock();
    FLASH->CR = FLASH_CR_PG;
    mapped_write(address, words[0]);
    __ISB(); /* in this order */
    mapped_write(address + 4, words[1]);
    return finish(before);
}

/* The library sees to it that all of it is erased. */
static int32_t erase_page(void *context, uint32_t bank)
{
    const uint32_t which = FLASH_CR_PER | (FIRST_PAGE + bank) << FLASH_CR_PNB_Pos;
    (void)context;
    const uint32_t before = unlock();
    FLASH->CR = which;
    FLASH->CR = which | FLASH_CR_STRT;
    return finish(before);
}

const lowkey_flash flash_log = {
    .context = NULL,
    .unit = UNIT,
    .bank_len = PAGE,
    .read = read_bytes,
    .program = program_unit,
    .erase = erase_page,
};
