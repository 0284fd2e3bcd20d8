/* The boot log in the part's own flash. */
#include "flash.h"

#include <string.h>

#include "board.h"
#include "core.h"
#include "registers.h"

#define WORDS (FLASH_ERASE_PAGE / 4u)
#define ERASED 0xFFFFFFFFu
#define FMC_KEY (0xA442u << 16)
#define FMC_WRITE (1u << 0)
#define FMC_ERASE (1u << 1)

/* Where a word of the log is; NULL outside of it. The one gate between a number and the flash controller. */
static const volatile uint32_t *place(uint32_t bank, size_t word)
{
    return bank < 2 && word < WORDS ? FLASH_LOG + bank * WORDS + word : NULL;
}

/* Runs one command of the flash controller to its end (data sheet 7.3.2). */
static void command(const volatile uint32_t *at, uint32_t what)
{
    /* An interrupt between address and command could find the controller half told. */
    const uint32_t mask = core_mask();
    USECRL = CLOCK_HZ / 1000000u - 1u;
    FMA = (uint32_t)(uintptr_t)at;
    FMC = FMC_KEY | what;
    while ((FMC & what) != 0) {
    }
    core_unmask(mask);
    core_barrier();
}

static int32_t read(void *context, uint32_t bank, size_t offset, uint8_t *bytes, size_t len)
{
    (void)context;
    for (size_t done = 0; done < len; done += sizeof(uint32_t)) {
        const volatile uint32_t *const at = place(bank, (offset + done) / sizeof(uint32_t));
        if (at == NULL) {
            return -1;
        }
        const uint32_t value = *at;
        memcpy(bytes + done, &value, sizeof value);
    }
    return 0;
}

/* A unit is a word. */
static int32_t program(void *context, uint32_t bank, size_t offset, const uint8_t *unit, size_t len)
{
    (void)context;
    const volatile uint32_t *const at = place(bank, offset / sizeof(uint32_t));
    uint32_t value;
    if (at == NULL || len != sizeof value) {
        return -1;
    }
    memcpy(&value, unit, sizeof value);
    FMD = value;
    command(at, FMC_WRITE);
    return *at == value ? 0 : -1;
}

/* Programming only clears bits here, whatever was programmed before (data sheet 7.2.3). */
int32_t flash_clear(void *context, uint32_t bank, size_t offset, size_t len)
{
    static const uint8_t zeros[sizeof(uint32_t)] = {0};
    return program(context, bank, offset, zeros, len);
}

static int32_t erase(void *context, uint32_t bank)
{
    (void)context;
    const volatile uint32_t *const start = place(bank, 0);
    if (start == NULL) {
        return -1;
    }
    command(start, FMC_ERASE);
    for (size_t word = 0; word < WORDS; word++) {
        if (start[word] != ERASED) {
            return -1;
        }
    }
    return 0;
}

const lowkey_flash flash_log = {
    .context = NULL,
    .unit = sizeof(uint32_t),
    .bank_len = FLASH_ERASE_PAGE,
    .read = read,
    .program = program,
    .erase = erase,
};
