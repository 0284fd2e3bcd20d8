/* The boot log where flash cannot be written, as in QEMU (DEMO=1): each write is said on the serial line and done once
 * the other side has stored it and answers `stored`. At the next start it is in flash. */
#include <string.h>

#include "flash.h"
#include "uart.h"

static uint8_t written[2][FLASH_ERASE_PAGE];
static bool is_copied[2];

static uint8_t *log_of(uint32_t bank)
{
    if (!is_copied[bank]) {
        uart_start(); /* a program that does not speak may not have done it */
        memcpy(written[bank], (const uint8_t *)FLASH_LOG + bank * FLASH_ERASE_PAGE, FLASH_ERASE_PAGE);
        is_copied[bank] = true;
    }
    return written[bank];
}

static bool is_stored(void)
{
    char answer[6];
    return uart_read_line(answer, sizeof answer) == sizeof answer && memcmp(answer, "stored", sizeof answer) == 0;
}

static int32_t read(void *context, uint32_t bank, size_t offset, uint8_t *bytes, size_t len)
{
    (void)context;
    memcpy(bytes, log_of(bank) + offset, len);
    return 0;
}

static int32_t program(void *context, uint32_t bank, size_t offset, const uint8_t *unit, size_t len)
{
    (void)context;
    uart_text("flash: program ");
    uart_number((uint32_t)(bank * FLASH_ERASE_PAGE + offset));
    uart_text(" ");
    uart_hex(unit, len);
    uart_end();
    if (!is_stored()) {
        return -1;
    }
    memcpy(log_of(bank) + offset, unit, len);
    return 0;
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
    uart_text("flash: erase ");
    uart_number(bank * FLASH_ERASE_PAGE);
    uart_end();
    if (!is_stored()) {
        return -1;
    }
    memset(log_of(bank), 0xFF, FLASH_ERASE_PAGE);
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
