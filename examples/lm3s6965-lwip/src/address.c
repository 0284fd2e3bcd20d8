/* The server's address in the key page. */
#include "address.h"

/* Reads a decimal number of at most `max` at the front of `text`; returns how many characters it has, 0 for none. */
static size_t read_number(const char *text, size_t len, uint32_t max, uint32_t *number)
{
    size_t digits = 0;
    uint32_t value = 0;
    while (digits < len && text[digits] >= '0' && text[digits] <= '9') {
        value = value * 10u + (uint32_t)(text[digits] - '0');
        digits++;
        if (value > max || (digits > 1 && text[0] == '0')) {
            return 0;
        }
    }
    *number = value;
    return digits;
}

bool address_read(struct address *address, const char *text, size_t len)
{
    static const char separators[] = "...:";
    uint32_t numbers[5];
    for (size_t i = 0; i < 5; i++) {
        const size_t digits = read_number(text, len, i < 4 ? 255u : 65535u, &numbers[i]);
        if (digits == 0) {
            return false;
        }
        text += digits;
        len -= digits;
        if (i < 4) {
            if (len == 0 || *text != separators[i]) {
                return false;
            }
            text++;
            len--;
        }
    }
    for (size_t i = 0; i < 4; i++) {
        address->ip[i] = (uint8_t)numbers[i];
    }
    address->port = (uint16_t)numbers[4];
    return len == 0 && address->port != 0;
}
