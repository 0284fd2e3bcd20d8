/* A model of the flash controller of an STM32: CHIP names the header of one, which says where it differs.
 *
 * Two keys unlock it; flags that somebody has left stop it; a unit is programmed by writing all of its words in order;
 * a page is erased when it is started. It is busy for a while then, and nobody may read meanwhile or change its
 * mind. */
#include CHIP

#include <string.h>

#include "chip.h"
#include "flash_log.h"
#include "mapped.h"

#ifndef CHIP_KEY
#define CHIP_KEY KEYR
#define CHIP_STATUS SR
#define CHIP_CONTROL CR
#endif
#ifndef CHIP_BANK
#define CHIP_BANK CHIP_ERASES
#endif
#ifndef CHIP_WIDE
#define CHIP_WIDE 0u
#endif

#define SEEN (1u << 30) /* in a register whose ones clear: nobody has written to it */

SCB_Type scb_model;

static FLASH_TypeDef registers;
static uint32_t status, control, fault_mask;
static int keys;
static unsigned busy; /* so many more looks */
static bool is_stale; /* a cache holds what is not true any more */
static uint8_t words[CHIP_UNIT];
static size_t gathered;

#ifdef CHIP_INSTRUCTION_CACHE
static ICACHE_TypeDef icache;
#endif

static void take_key(void)
{
    static const uint32_t right[2] = {0x45670123u, 0xCDEF89ABu};
    if (registers.CHIP_KEY != 0) {
        CHECK(keys < 2 && registers.CHIP_KEY == right[keys]);
        registers.CHIP_KEY = 0;
        cells_step();
        if (++keys == 2) {
            registers.CHIP_CONTROL &= ~FLASH_CR_LOCK;
            control = registers.CHIP_CONTROL;
        }
    }
}

static void take_flags(void)
{
#ifdef CHIP_CLEAR
    status &= ~registers.CHIP_CLEAR;
    registers.CHIP_CLEAR = 0;
#else
    if ((registers.CHIP_STATUS & SEEN) == 0) {
        status &= ~registers.CHIP_STATUS;
    }
#endif
#ifdef CHIP_ECC
    if ((registers.CHIP_ECC & SEEN) == 0) {
        registers.CHIP_ECC = (registers.CHIP_ECC & FLASH_ECCR_ECCD) != 0 ? SEEN : registers.CHIP_ECC | SEEN;
    }
#endif
}

static void take_caches(void)
{
#ifdef CHIP_DATA_CACHE
    if ((registers.ACR & FLASH_ACR_DCRST) != 0) {
        CHECK((registers.ACR & FLASH_ACR_DCEN) == 0);
        is_stale = false;
    }
#endif
}

/* Begins to erase or to program. */
static void begin(void)
{
    CHECK((status & ~(FLASH_SR_EOP | SEEN)) == 0); /* a flag that was left stops it */
    CHECK(busy == 0);
    busy = 3;
#ifdef CHIP_CACHE_CORRUPTS
    CHECK((registers.ACR & FLASH_ACR_DCEN) == 0);
    is_stale = true;
#elif defined(CHIP_L1_CACHE)
    is_stale = true;
#elif defined(CHIP_INSTRUCTION_CACHE)
    is_stale = (icache.CR & ICACHE_CR_EN) != 0;
#endif
}

static void start_erase(void)
{
    const uint32_t from = CHIP_ERASED(registers, control) - CHIP_LOG;
    CHECK((control & (CHIP_ERASE | FLASH_CR_PG)) == CHIP_ERASE);
    CHECK(from % CHIP_ERASES == 0 && from / CHIP_ERASES < 2);
    begin();
#ifdef CHIP_DATA_CACHE
    is_stale = true;
#endif
    cells_erase(from / CHIP_ERASES);
    control &= ~CHIP_START;
    status |= FLASH_SR_EOP;
}

static void take_control(void)
{
    if (registers.CHIP_CONTROL != control) {
        CHECK((control & FLASH_CR_LOCK) == 0 && busy == 0 && gathered == 0);
        cells_step();
        control = registers.CHIP_CONTROL;
        keys = (control & FLASH_CR_LOCK) != 0 ? 0 : keys;
    }
    if ((control & CHIP_START) != 0) {
        start_erase();
    }
}

/* What was done to the registers has its effect. */
static void take(void)
{
    take_key();
    take_flags();
    take_caches();
    take_control();
    if (cells_are_dead()) { /* it does nothing and stops nobody */
        busy = 0;
        gathered = 0;
        status = 0;
        control &= ~(CHIP_START | FLASH_CR_LOCK);
    }
    registers.CHIP_STATUS = status | (busy > 0 ? FLASH_SR_BSY : 0u);
#ifndef CHIP_CLEAR
    registers.CHIP_STATUS |= SEEN;
#endif
    registers.CHIP_CONTROL = control;
}

FLASH_TypeDef *flash_model(void)
{
    take();
    busy -= busy > 0 ? 1u : 0u;
    return &registers;
}

/* Where an address is in the cells. */
static uint32_t bank_of(uint32_t address, size_t *offset)
{
    CHECK(address >= CHIP_LOG && (address - CHIP_LOG) / CHIP_ERASES < 2);
    *offset = (address - CHIP_LOG) % CHIP_ERASES;
    return (address - CHIP_LOG) / CHIP_ERASES;
}

#ifdef CHIP_ECC
/* The firmware's. */
static void NMI_Handler(void)
{
    CHECK(flash_log_nmi());
}
#endif

void mapped_read(uint8_t *bytes, uint32_t address, size_t len)
{
    size_t offset;
    const uint32_t bank = bank_of(address, &offset);
    take();
    CHECK(cells_are_dead() || (busy == 0 && !is_stale));
    if (cells_read(bank, offset, bytes, len)) {
        return;
    }
#if defined(CHIP_ECC)
    registers.CHIP_ECC |= FLASH_ECCR_ECCD;
    NMI_Handler();
    take();
    CHECK((registers.CHIP_ECC & FLASH_ECCR_ECCD) == 0);
#elif defined(CHIP_BUS_FAULT)
    CHECK(fault_mask != 0 && (scb_model.CCR & SCB_CCR_BFHFNMIGN_Msk) != 0);
    status |= CHIP_BUS_FAULT;
#else
    CHECK(!"there is no code that could be broken");
#endif
}

static void gather(uint32_t address, uint32_t value, size_t len)
{
    size_t offset;
    const uint32_t bank = bank_of(address, &offset);
    take();
    if (cells_are_dead()) {
        return;
    }
    CHECK((control & FLASH_CR_PG) != 0 && (control & CHIP_WIDE) == CHIP_WIDE);
    CHECK((control & CHIP_ERASE & ~CHIP_WIDE) == 0);
    CHECK(busy == 0 && offset % CHIP_UNIT == gathered);
    for (size_t i = 0; i < len; i++) {
        words[gathered + i] = (uint8_t)(value >> 8 * i);
    }
    gathered += len;
    cells_step();
    if (gathered == CHIP_UNIT && !cells_are_dead()) {
        gathered = 0;
        begin();
        const enum cells_result result = cells_program(bank, offset + len - CHIP_UNIT, words, CHIP_UNIT);
        status |= result == CELLS_DONE ? FLASH_SR_EOP : CHIP_REFUSED;
    }
}

void mapped_write_half(uint32_t address, uint16_t half)
{
    CHECK(CHIP_UNIT == 2);
    gather(address, half, sizeof half);
}

void mapped_write(uint32_t address, uint32_t word)
{
    CHECK(CHIP_UNIT >= 4);
    gather(address, word, sizeof word);
}

#ifdef CHIP_INSTRUCTION_CACHE
ICACHE_TypeDef *icache_model(void)
{
    if ((icache.CR & ICACHE_CR_CACHEINV) != 0) {
        icache.CR &= ~ICACHE_CR_CACHEINV;
        is_stale = false;
    }
    return &icache;
}
#endif

uint32_t __get_FAULTMASK(void)
{
    return fault_mask;
}

void __set_FAULTMASK(uint32_t mask)
{
    fault_mask = mask;
}

void SCB_InvalidateDCache_by_Addr(uint32_t *address, int32_t len)
{
    size_t offset;
    bank_of((uint32_t)(uintptr_t)address, &offset);
    CHECK(offset == 0 && len == (int32_t)CHIP_BANK);
    is_stale = false;
}

void chip_make(void)
{
    cells_make(CHIP_KIND, CHIP_UNIT, CHIP_BANK);
}

void chip_start(void)
{
    memset(&registers, 0, sizeof registers);
    status = CHIP_REFUSED; /* a bootloader has left it */
    control = FLASH_CR_LOCK;
    keys = 0;
    busy = 0;
    gathered = 0;
    is_stale = false;
    registers.CHIP_CONTROL = control;
#ifndef CHIP_CLEAR
    registers.CHIP_STATUS = SEEN;
#endif
#ifdef CHIP_ECC
    registers.CHIP_ECC = SEEN;
#endif
#ifdef CHIP_DATA_CACHE
    registers.ACR = FLASH_ACR_DCEN;
#endif
#ifdef CHIP_INSTRUCTION_CACHE
    icache.CR = ICACHE_CR_EN;
#endif
}

void chip_rest(void)
{
    take();
#ifdef CHIP_INSTRUCTION_CACHE
    (void)icache_model();
#endif
    CHECK(cells_are_dead() || ((control & FLASH_CR_LOCK) != 0 && busy == 0 && !is_stale && fault_mask == 0));
#ifdef CHIP_DATA_CACHE
    CHECK(cells_are_dead() || registers.ACR == FLASH_ACR_DCEN);
#endif
    CHECK(scb_model.CCR == 0);
}
