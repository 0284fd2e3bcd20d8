/* From reset to main: the vector table, the statics, the painted stack. */
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "core.h"
#include "ethernet.h"
#include "halt.h"
#include "stack.h"
#include "timer.h"

/* The linker script's: only their addresses mean anything. */
extern uint32_t data_start[], data_end[], bss_start[], bss_end[], stack_end[], stack_start[];
extern const uint32_t data_image[];

void reset(void) __attribute__((noreturn));
int main(void);

typedef void (*handler)(void);

#define FAULT halt_hard_fault
#define NOBODY halt_unexpected

/* ARMv7-M B1.5.3, and the part's interrupts as far as the last one we enable. */
static const struct {
    const uint32_t *stack;
    handler exceptions[15];
    handler interrupts[43];
} vectors __attribute__((section(".vectors"), used)) = {
    .stack = stack_start,
    .exceptions =
        {
            reset,
            FAULT, /* NMI */
            FAULT, /* hard fault */
            FAULT, /* memory management, bus and usage fault: not enabled, so they escalate */
            FAULT,
            FAULT,
            NULL,
            NULL,
            NULL,
            NULL,
            FAULT, /* SVCall, debug monitor and PendSV: nobody asks for them */
            FAULT,
            NULL,
            FAULT,
            clock_on_tick,
        },
    .interrupts =
        {
            NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, /* 0 to 9 */
            NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, /* 10 to 18 */
            timer_on_interrupt, /* 19, timer 0A */
            NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, /* 20 to 29 */
            NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, NOBODY, /* 30 to 39 */
            NOBODY, NOBODY, /* 40 and 41 */
            ethernet_on_interrupt, /* 42 */
        },
};

void reset(void)
{
    const uint32_t *from = data_image;
    for (uint32_t *to = data_start; to < data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = bss_start; to < bss_end; to++) {
        *to = 0;
    }
    /* Volatile: no call of memset, which would want a place on the very stack. */
    for (volatile uint32_t *to = stack_end; to < core_stack(); to++) {
        *to = STACK_PAINT;
    }
    main();
    halt();
}

uint32_t stack_peak(void)
{
    const volatile uint32_t *word = stack_end;
    while (word < stack_start && *word == STACK_PAINT) {
        word++;
    }
    return (uint32_t)((uintptr_t)stack_start - (uintptr_t)word);
}
