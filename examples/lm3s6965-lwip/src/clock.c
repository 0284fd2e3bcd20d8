/* The milliseconds since start, counted by SysTick; lwIP's clock as well. */
#include "clock.h"

#include "board.h"
#include "lwip/sys.h"
#include "registers.h"

#define CYCLES_A_TICK (CLOCK_HZ / 1000u)
#define CSR_ENABLE (1u << 0)
#define CSR_INTERRUPT (1u << 1)
#define CSR_CORE_CLOCK (1u << 2)

static volatile uint32_t ticks;

void clock_start(void)
{
    SYST_RVR = CYCLES_A_TICK - 1u;
    SYST_CVR = 0;
    SYST_CSR = CSR_CORE_CLOCK | CSR_INTERRUPT | CSR_ENABLE;
}

uint32_t clock_now(void)
{
    return ticks;
}

uint32_t clock_since(uint32_t start)
{
    return ticks - start;
}

uint32_t clock_cycles(void)
{
    return ticks * CYCLES_A_TICK - SYST_CVR;
}

void clock_on_tick(void)
{
    ticks++;
}

/* lwIP asks this for its timers. */
u32_t sys_now(void)
{
    return ticks;
}
