/* General-purpose timer 0 as a periodic interrupt. */
#include "timer.h"

#include "board.h"
#include "registers.h"

#define RCGC1_TIMER0 (1u << 16)
#define CFG_32_BITS 0u
#define TAMR_PERIODIC 2u
#define CTL_ENABLE (1u << 0)
#define TIMEOUT (1u << 0)
#define TIMER0A 19

static void (*on_time)(void);

void timer_start(uint32_t period, void (*work)(void))
{
    on_time = work;
    RCGC1 |= RCGC1_TIMER0;
    (void)RCGC1; /* three clocks before the first access */
    GPTMCTL = 0;
    GPTMCFG = CFG_32_BITS;
    GPTMTAMR = TAMR_PERIODIC;
    GPTMTAILR = period * (CLOCK_HZ / 1000u) - 1u; /* 85,000 * 50,000 < 2^32 */
    GPTMICR = TIMEOUT;
    GPTMIMR = TIMEOUT;
    NVIC_ISER0 = 1u << TIMER0A;
    GPTMCTL = CTL_ENABLE;
}

void timer_on_interrupt(void)
{
    GPTMICR = TIMEOUT;
    on_time();
}
