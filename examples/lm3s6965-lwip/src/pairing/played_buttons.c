/* Buttons where there are none, as in QEMU (DEMO=1): whoever is on the serial line is asked which one is held, and
 * answers `select`, `down` or `none`. */
#include <string.h>

#include "buttons.h"
#include "uart.h"

enum button buttons_held(void)
{
    char answer[6];
    uart_text("buttons: which");
    uart_end();
    const size_t len = uart_read_line(answer, sizeof answer);
    if (len == 6 && memcmp(answer, "select", 6) == 0) {
        return BUTTON_SELECT;
    }
    return len == 4 && memcmp(answer, "down", 4) == 0 ? BUTTON_DOWN : BUTTON_NONE;
}
