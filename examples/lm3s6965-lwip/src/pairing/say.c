/* Lines on the serial line, whole. */
#include "say.h"

#include "lowkey.h"
#include "uart.h"

void say(const char *text)
{
    uart_text(text);
    uart_end();
}

void say_status(const char *front, lowkey_status status)
{
    uart_text(front);
#ifdef TEXTS
    uart_text(lowkey_status_text(status));
#else
    uart_text("status ");
    uart_number((uint32_t)status);
#endif
    uart_end();
}

void say_key(const char *front, const uint8_t key[32], const char *back)
{
    char fingerprint[LOWKEY_FINGERPRINT_LEN];
    uart_text(front);
    if (lowkey_fingerprint(key, fingerprint) == LOWKEY_OK) {
        uart_characters(fingerprint, sizeof fingerprint);
    }
    uart_text(back);
    uart_end();
}
