/* From reset to the report on the serial line: how it went, how deep the stack was, how large a channel is. */
#include <stddef.h>
#include <stdint.h>

#include "board.h"
#include "core.h"
#include "halt.h"
#include "row.h"
#include "stack.h"
#include "uart.h"

/* The linker script's: only their addresses mean anything. */
extern uint32_t data_start[], data_end[], bss_start[], bss_end[], stack_end[], stack_start[];
extern const uint32_t data_image[];

void reset(void) __attribute__((noreturn));

/* ARMv7-M B1.5.3. No interrupt is ever enabled: a handler would use the same stack. */
static const struct {
    const uint32_t *stack;
    void (*exceptions[15])(void);
} vectors __attribute__((section(".vectors"), used)) = {
    .stack = stack_start,
    .exceptions = {reset, halt_hard_fault, halt_hard_fault, halt_hard_fault, halt_hard_fault, halt_hard_fault},
};

static uint32_t deepest(void)
{
    const volatile uint32_t *word = stack_end;
    while (word < stack_start && *word == STACK_PAINT) {
        word++;
    }
    return (uint32_t)((uintptr_t)stack_start - (uintptr_t)word);
}

static void report(bool went_well, uint32_t stack)
{
    uart_text(went_well ? "ok" : "failed");
    uart_text(" stack ");
    uart_number(stack);
    uart_text(" context ");
    uart_number(row_context);
    uart_end();
}

void reset(void)
{
    /* Volatile: no call of memcpy or memset. What is linked of them is the row's, and they would want a place on the
     * very stack that is painted here. */
    const uint32_t *from = data_image;
    for (volatile uint32_t *to = data_start; to < data_end; to++) {
        *to = *from++;
    }
    for (volatile uint32_t *to = bss_start; to < bss_end; to++) {
        *to = 0;
    }
    for (volatile uint32_t *to = stack_end; to < core_stack(); to++) {
        *to = STACK_PAINT;
    }
    board_start();
    uart_start();
    const bool went_well = row_run();
    report(went_well, deepest());
    halt();
}
