/* The board's buttons. */
#include "buttons.h"

#include <stdbool.h>

#include "clock.h"
#include "registers.h"

#define RCGC2_GPIOE (1u << 4)
#define RCGC2_GPIOF (1u << 5)
#define PIN_1 (1u << 1)
/* Milliseconds until a pin whose button is not pressed is up, and one that has begun already. */
#define SETTLES 2u

enum button buttons_held(void)
{
    RCGC2 |= RCGC2_GPIOE | RCGC2_GPIOF;
    (void)RCGC2; /* three clocks before the first access */
    GPIOE_PUR |= PIN_1;
    GPIOF_PUR |= PIN_1;
    GPIOE_DEN |= PIN_1;
    GPIOF_DEN |= PIN_1;
    for (const uint32_t since = clock_now(); clock_since(since) < SETTLES;) {
    }
    /* A button that is pressed pulls its pin down. */
    const bool is_select = GPIOF_PF1 == 0, is_down = GPIOE_PE1 == 0;
    if (is_select == is_down) {
        return BUTTON_NONE;
    }
    return is_select ? BUTTON_SELECT : BUTTON_DOWN;
}
