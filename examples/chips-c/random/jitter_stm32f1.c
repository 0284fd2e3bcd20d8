/* Noise of two clocks of an STM32F1 (RM0008 §18): how many cycles of the core, which a crystal drives, there are in a
 * cycle of the slow RC oscillator (LSI, 40 kHz). A sample takes 25 µs. SysTick has to run with the core's clock, as it
 * does where it counts milliseconds; the RTC is used up by this. */
#include "sources.h"
#include "stm32f1xx.h"

#define LIMIT 100000u /* looks, before the oscillator is given up */

static uint32_t before;

bool jitter_start(void)
{
    RCC->APB1ENR |= RCC_APB1ENR_PWREN | RCC_APB1ENR_BKPEN;
    PWR->CR |= PWR_CR_DBP;
    RCC->CSR |= RCC_CSR_LSION;
    for (uint32_t looks = 0; (RCC->CSR & RCC_CSR_LSIRDY) == 0; looks++) {
        if (looks == LIMIT) {
            return false;
        }
    }
    RCC->BDCR |= RCC_BDCR_RTCSEL_LSI | RCC_BDCR_RTCEN;
    return (RCC->BDCR & RCC_BDCR_RTCSEL) == RCC_BDCR_RTCSEL_LSI; /* it is not, if another clock was chosen before */
}

bool jitter_sample(uint8_t *sample)
{
    const uint32_t divider = RTC->DIVL;
    for (uint32_t looks = 0; RTC->DIVL == divider; looks++) {
        if (looks == LIMIT) {
            return false;
        }
    }
    const uint32_t now = SysTick->VAL; /* it counts down */
    *sample = (uint8_t)(before - now);
    before = now;
    return true;
}
