/* Noise where there is none, as in QEMU (DEMO=1): whoever is on the serial line is asked for bytes and answers in
 * hexadecimal. */
#include "noise.h"
#include "uart.h"

/* Bytes asked for at once, at the most. */
#define PIECE 32u

static int value_of(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int32_t noise_fill(void *context, uint8_t *out, size_t len)
{
    (void)context;
    while (len > 0) {
        char digits[2 * PIECE];
        const size_t piece = len < PIECE ? len : PIECE;
        uart_text("noise: ");
        uart_number((uint32_t)piece);
        uart_end();
        if (uart_read_line(digits, sizeof digits) != 2 * piece) {
            return -1;
        }
        for (size_t i = 0; i < piece; i++) {
            const int high = value_of(digits[2 * i]), low = value_of(digits[2 * i + 1]);
            if (high < 0 || low < 0) {
                return -1;
            }
            out[i] = (uint8_t)(high * 16 + low);
        }
        out += piece;
        len -= piece;
    }
    return 0;
}
