/* The boot log on an STM32U5 with 2 MB: the last two pages of 8 KB, in quad-words (RM0456).
 *
 * A quad-word carries an error-correcting code, so it is written once between two erases. One whose code is broken, as
 * it can be after a power cut, is an NMI when it is read. NMI_Handler has to call flash_log_nmi:
 *
 *     void NMI_Handler(void) { if (!flash_log_nmi()) { stop(); } }
 *
 * It is for firmware without TrustZone, or for its non-secure side. */
#include <string.h>

#include "flash_log.h"
#include "mapped.h"
#include "stm32u5xx.h" /* CMSIS, from the chip's maker */

#define PAGE 8192u
#define FIRST_PAGE 126u /* of the second bank */
#define LOG (0x08100000u + FIRST_PAGE * PAGE)
#define UNIT 16u
#define ERRORS                                                                                      \
    (FLASH_NSSR_OPERR | FLASH_NSSR_PROGERR | FLASH_NSSR_WRPERR | FLASH_NSSR_PGAERR | FLASH_NSSR_SIZERR | \
     FLASH_NSSR_PGSERR)

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

static void wait(void)
{
    while ((FLASH->NSSR & (FLASH_NSSR_BSY | FLASH_NSSR_WDW)) != 0) {
    }
}

static void unlock(void)
{
    wait();
    if ((FLASH->NSCR & FLASH_NSCR_LOCK) != 0) {
        FLASH->NSKEYR = 0x45670123u;
        FLASH->NSKEYR = 0xCDEF89ABu;
    }
    FLASH->NSSR = FLASH_NSSR_EOP | ERRORS; /* a 1 clears what somebody has left */
}

/* What is read from flash passes the instruction cache, which does not learn of it. */
static void forget_cached(void)
{
    if ((ICACHE->CR & ICACHE_CR_EN) != 0) {
        ICACHE->CR |= ICACHE_CR_CACHEINV;
        while ((ICACHE->SR & ICACHE_SR_BUSYF) != 0) {
        }
        ICACHE->FCR = ICACHE_FCR_CBSYENDF;
    }
}

/* Waits for the end of what the controller does, locks it, and says whether it went well. */
static int32_t finish(void)
{
    wait();
    const uint32_t said = FLASH->NSSR;
    FLASH->NSCR = 0;
    FLASH->NSCR = FLASH_NSCR_LOCK;
    forget_cached();
    return (said & ERRORS) == 0 ? 0 : -1;
}

/* The library reads it back. */
static int32_t program_unit(void *context, uint32_t bank, size_t offset, const uint8_t *unit, size_t len)
{
    uint32_t word, address = LOG + bank * PAGE + (uint32_t)offset;
    (void)context;
    unlock();
    FLASH->NSCR = FLASH_NSCR_PG;
    for (size_t i = 0; i < len; i += sizeof word) {
        memcpy(&word, unit + i, sizeof word);
        mapped_write(address, word);
        address += 4;
    }
    return finish();
}

/* The library sees to it that all of it is erased. */
static int32_t erase_page(void *context, uint32_t bank)
{
    const uint32_t which = FLASH_NSCR_PER | FLASH_NSCR_BKER | (FIRST_PAGE + bank) << FLASH_NSCR_PNB_Pos;
    (void)context;
    unlock();
    FLASH->NSCR = which;
    FLASH->NSCR = which | FLASH_NSCR_STRT;
    return finish();
}

const lowkey_flash flash_log = {
    .context = NULL,
    .unit = UNIT,
    .bank_len = PAGE,
    .read = read_bytes,
    .program = program_unit,
    .erase = erase_page,
};
