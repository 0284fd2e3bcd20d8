/* Runs the C chapter's flash driver on a model of an STM32F1's flash controller (PM0075): two keys unlock it, a
 * half-word is programmed if it is erased, a page is erased from its address on. */
#define _DEFAULT_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lowkey.h"
#include "stm32f1xx.h"

#define START 0x0803F000u
#define PAGE 2048u
#define HALVES PAGE /* in two pages */
#define CHECK(condition) check((condition), #condition, __LINE__)

extern const lowkey_flash flash_log;

static uint16_t *memory;        /* as the core sees it */
static uint16_t cells[HALVES];  /* what the flash holds */
static FLASH_TypeDef registers = {.CR = FLASH_CR_LOCK};
static uint32_t status, control = FLASH_CR_LOCK;
static int keys;

static void check(bool is_so, const char *what, int line)
{
    if (!is_so) {
        fprintf(stderr, "line %d: %s\n", line, what);
        exit(1);
    }
}

static void take_key(void)
{
    static const uint32_t right[2] = {0x45670123u, 0xCDEF89ABu};
    if (registers.KEYR != 0) {
        CHECK(keys < 2 && registers.KEYR == right[keys]);
        registers.KEYR = 0;
        if (++keys == 2) {
            registers.CR &= ~FLASH_CR_LOCK;
            control = registers.CR;
        }
    }
}

static void take_control(void)
{
    if (registers.SR != status) {
        status &= ~registers.SR; /* a 1 clears */
    }
    if (registers.CR != control) {
        CHECK((control & FLASH_CR_LOCK) == 0);
        control = registers.CR;
        keys = (control & FLASH_CR_LOCK) != 0 ? 0 : keys;
    }
    if ((control & FLASH_CR_STRT) != 0) {
        CHECK((control & FLASH_CR_PER) != 0 && registers.AR >= START && (registers.AR - START) % PAGE == 0);
        CHECK((registers.AR - START) / PAGE < 2);
        memset(cells + (registers.AR - START) / 2, 0xFF, PAGE);
        memcpy(memory, cells, sizeof cells);
        control &= ~FLASH_CR_STRT;
        status |= FLASH_SR_EOP;
    }
}

static void take_half(size_t i)
{
    CHECK((control & FLASH_CR_PG) != 0);
    if (cells[i] == 0xFFFF) {
        cells[i] = memory[i];
        status |= FLASH_SR_EOP;
    } else {
        memory[i] = cells[i];
        status |= FLASH_SR_PGERR;
    }
}

FLASH_TypeDef *flash_model(void)
{
    take_key();
    take_control();
    for (size_t i = 0; i < HALVES; i++) {
        if (memory[i] != cells[i]) {
            take_half(i);
        }
    }
    registers.SR = status;
    registers.CR = control;
    return &registers;
}

int main(void)
{
    const lowkey_flash *const log = &flash_log;
    memory = mmap((void *)(uintptr_t)START, sizeof cells, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(memory == (void *)(uintptr_t)START);
    memset(cells, 0x55, sizeof cells);
    memcpy(memory, cells, sizeof cells);
    static const uint8_t half[2] = {0x34, 0x12}, zeros[2] = {0, 0};
    uint8_t bytes[8];
    CHECK(log->unit == 2 && log->bank_len == PAGE);
    for (uint32_t bank = 0; bank < 2; bank++) {
        CHECK(log->erase(log->context, bank) == 0);
        CHECK(log->read(log->context, bank, 0, bytes, sizeof bytes) == 0 && bytes[0] == 0xFF && bytes[7] == 0xFF);
        CHECK(log->read(log->context, 1, PAGE - 2, bytes, 2) == 0 && bytes[1] == (bank == 0 ? 0x55 : 0xFF));
        CHECK(log->program(log->context, bank, 4, half, sizeof half) == 0);
        CHECK(log->read(log->context, bank, 2, bytes, 6) == 0);
        CHECK(bytes[1] == 0xFF && bytes[2] == 0x34 && bytes[3] == 0x12 && bytes[4] == 0xFF);
        CHECK(log->program(log->context, bank, 4, zeros, sizeof zeros) != 0); /* it is not erased */
        CHECK(log->program(log->context, bank, PAGE - 2, half, sizeof half) == 0);
        CHECK(log->erase(log->context, bank) == 0);
    }
    CHECK(log->program(log->context, 2, 0, half, 2) != 0 && log->program(log->context, 0, PAGE, half, 2) != 0);
    CHECK(log->program(log->context, 0, 0, half, 1) != 0 && log->read(log->context, 0, PAGE - 2, bytes, 4) != 0);
    CHECK(log->erase(log->context, 2) != 0);
    CHECK((registers.CR & FLASH_CR_LOCK) != 0);
    CHECK((registers.CR & FLASH_CR_LOCK) != 0);
    return 0;
}
