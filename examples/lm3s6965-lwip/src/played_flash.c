/* The boot log where flash cannot be written, as in QEMU (DEMO=1): each write is said on the serial line and done once
 * the other side has stored it and answers `stored`. At the next start it is in flash. */
#include <string.h>

#include "flash.h"
#include "uart.h"

#define WORDS (FLASH_ERASE_PAGE / 4u)

static uint32_t written[2][WORDS];
static bool is_copied[2];

static uint32_t *log_of(uint32_t page)
{
    if (!is_copied[page]) {
        memcpy(written[page], FLASH_LOG + page * WORDS, FLASH_ERASE_PAGE);
        is_copied[page] = true;
    }
    return written[page];
}

static bool is_stored(void)
{
    char answer[6];
    return uart_read_line(answer, sizeof answer) == sizeof answer && memcmp(answer, "stored", sizeof answer) == 0;
}

static uint32_t read(void *context, uint32_t page, size_t word)
{
    (void)context;
    return log_of(page)[word];
}

static int32_t program(void *context, uint32_t page, size_t word, uint32_t value)
{
    (void)context;
    uint8_t bytes[4];
    memcpy(bytes, &value, sizeof bytes);
    uart_text("flash: program ");
    uart_number((uint32_t)(page * FLASH_ERASE_PAGE + word * 4u));
    uart_text(" ");
    uart_hex(bytes, sizeof bytes);
    uart_end();
    if (!is_stored()) {
        return -1;
    }
    log_of(page)[word] &= value;
    return 0;
}

static int32_t erase(void *context, uint32_t page)
{
    (void)context;
    uart_text("flash: erase ");
    uart_number(page * FLASH_ERASE_PAGE);
    uart_end();
    if (!is_stored()) {
        return -1;
    }
    memset(log_of(page), 0xFF, FLASH_ERASE_PAGE);
    return 0;
}

const lowkey_flash flash_log = {.context = NULL, .words = WORDS, .read = read, .program = program, .erase = erase};
