/* The boot log on an STM32H742, H743 or H753 with 2 MB: two sectors of 128 KB, in flash words of 32 bytes (RM0433).
 *
 * A flash word carries an error-correcting code, so it is written once between two erases. One whose code is broken, as
 * it can be after a power cut, is a bus fault when it is read. That fault is switched off while the log is read, and
 * the controller is asked instead.
 *
 * The sectors are the second bank's last two: the core runs on in the first bank while they are erased (up to 4 s). Of
 * each only the front is used, so that a start looks through it at once. */
#include <string.h>

#include "flash_log.h"
#include "mapped.h"
#include "stm32h7xx.h" /* CMSIS, from the chip's maker */

#define SECTOR 0x20000u
#define FIRST_SECTOR 6u /* of the second bank */
#define LOG (0x08100000u + FIRST_SECTOR * SECTOR)
#define BANK 8192u
#define UNIT 32u
#define ERRORS (FLASH_SR_WRPERR | FLASH_SR_PGSERR | FLASH_SR_STRBERR | FLASH_SR_INCERR | FLASH_SR_OPERR)
#define CLEAR_ALL                                                                                          \
    (FLASH_CCR_CLR_EOP | FLASH_CCR_CLR_WRPERR | FLASH_CCR_CLR_PGSERR | FLASH_CCR_CLR_STRBERR | FLASH_CCR_CLR_INCERR | \
     FLASH_CCR_CLR_OPERR)

bool flash_log_nmi(void)
{
    return false; /* there is none */
}

/* A broken code: it cannot be read. The log goes on without it. */
static int32_t read_bytes(void *context, uint32_t bank, size_t offset, uint8_t *bytes, size_t len)
{
    const uint32_t masked = __get_FAULTMASK();
    (void)context;
    FLASH->CCR2 = FLASH_CCR_CLR_DBECCERR;
    __set_FAULTMASK(1);
    SCB->CCR |= SCB_CCR_BFHFNMIGN_Msk; /* a bus fault is nothing now */
    __DSB();
    mapped_read(bytes, LOG + bank * SECTOR + (uint32_t)offset, len);
    __DSB();
    SCB->CCR &= ~SCB_CCR_BFHFNMIGN_Msk;
    __set_FAULTMASK(masked);
    const bool is_broken = (FLASH->SR2 & FLASH_SR_DBECCERR) != 0;
    FLASH->CCR2 = FLASH_CCR_CLR_DBECCERR;
    return is_broken ? -1 : 0;
}

static void wait(void)
{
    while ((FLASH->SR2 & (FLASH_SR_BSY | FLASH_SR_WBNE | FLASH_SR_QW)) != 0) {
    }
}

static void unlock(void)
{
    wait();
    if ((FLASH->CR2 & FLASH_CR_LOCK) != 0) {
        FLASH->KEYR2 = 0x45670123u;
        FLASH->KEYR2 = 0xCDEF89ABu;
    }
    FLASH->CCR2 = CLEAR_ALL; /* what somebody has left */
}

/* Waits for the end of what the controller does, locks it, and says whether it went well. */
static int32_t finish(uint32_t bank)
{
    wait();
    const uint32_t said = FLASH->SR2;
    FLASH->CR2 = 0;
    FLASH->CR2 = FLASH_CR_LOCK;
    SCB_InvalidateDCache_by_Addr((uint32_t *)(uintptr_t)(LOG + bank * SECTOR), (int32_t)BANK);
    return (said & ERRORS) == 0 ? 0 : -1;
}

/* The library reads it back. */
static int32_t program_unit(void *context, uint32_t bank, size_t offset, const uint8_t *unit, size_t len)
{
    uint32_t word, address = LOG + bank * SECTOR + (uint32_t)offset;
    (void)context;
    unlock();
    FLASH->CR2 = FLASH_CR_PSIZE_1 | FLASH_CR_PG;
    __DSB();
    for (size_t i = 0; i < len; i += sizeof word) {
        memcpy(&word, unit + i, sizeof word);
        mapped_write(address, word);
        address += 4;
    }
    __DSB();
    return finish(bank);
}

/* The library sees to it that all of it is erased. */
static int32_t erase_sector(void *context, uint32_t bank)
{
    const uint32_t which = FLASH_CR_PSIZE_1 | FLASH_CR_SER | (FIRST_SECTOR + bank) << FLASH_CR_SNB_Pos;
    (void)context;
    unlock();
    FLASH->CR2 = which;
    FLASH->CR2 = which | FLASH_CR_START;
    return finish(bank);
}

const lowkey_flash flash_log = {
    .context = NULL,
    .unit = UNIT,
    .bank_len = BANK,
    .read = read_bytes,
    .program = program_unit,
    .erase = erase_sector,
};
