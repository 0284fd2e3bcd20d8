/* The last words of a board that cannot go on. */
#include "halt.h"

#include <stdint.h>

#include "core.h"
#include "registers.h"
#include "uart.h"

#define ICSR_ACTIVE 0x1FFu
#define FIRST_INTERRUPT 16u
#define STACKED_PC 6

/* Called by the vector below only. */
void halt_hard_fault_at(const uint32_t *stacked) __attribute__((used));

void halt(void)
{
    for (;;) {
        core_wait();
    }
}

void halt_assertion(void)
{
    core_mask();
    uart_text("panicked: an assertion of lwIP");
    uart_end();
    halt();
}

/* Hands over where the exception put the registers; the stack itself may be what is broken. */
__attribute__((naked)) void halt_hard_fault(void)
{
    __asm__ volatile("mrs r0, msp\n\tb halt_hard_fault_at");
}

void halt_hard_fault_at(const uint32_t *stacked)
{
    const uint32_t pc = stacked[STACKED_PC];
    const uint8_t bytes[4] = {(uint8_t)(pc >> 24), (uint8_t)(pc >> 16), (uint8_t)(pc >> 8), (uint8_t)pc};
    core_mask();
    uart_text("hard fault at ");
    uart_hex(bytes, sizeof bytes);
    uart_end();
    halt();
}

void halt_unexpected(void)
{
    core_mask();
    uart_text("unexpected interrupt ");
    uart_number((SCB_ICSR & ICSR_ACTIVE) - FIRST_INTERRUPT);
    uart_end();
    halt();
}
