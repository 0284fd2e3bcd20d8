/* A model of two clocks of an STM32F1: the core's, and a slow one whose cycles take so many of the core's. */
#include "noises.h"
#include "sources.h"
#include "stm32f1xx.h"

static RCC_TypeDef rcc;
static PWR_TypeDef pwr;
static RTC_TypeDef rtc;
static SysTick_Type systick;
static bool starts = true, runs = true;
static unsigned looks;
static uint32_t (*cycle)(void);

RCC_TypeDef *rcc_model(void)
{
    if ((rcc.CSR & RCC_CSR_LSION) != 0 && starts) {
        rcc.CSR |= RCC_CSR_LSIRDY;
    }
    return &rcc;
}

PWR_TypeDef *pwr_model(void)
{
    CHECK((rcc.APB1ENR & RCC_APB1ENR_PWREN) != 0);
    return &pwr;
}

RTC_TypeDef *rtc_model(void)
{
    CHECK((pwr.CR & PWR_CR_DBP) != 0 && (rcc.BDCR & RCC_BDCR_RTCEN) != 0);
    if (runs && ++looks % 4 == 0) {
        rtc.DIVL = (rtc.DIVL - 1) & 0xFFFFu;
        systick.VAL = (systick.VAL - cycle()) & 0xFFFFFFu;
    }
    return &rtc;
}

SysTick_Type *systick_model(void)
{
    return &systick;
}

static uint32_t jittering(void)
{
    return 1800 + cells_random(4);
}

static uint32_t locked(void)
{
    return 1800;
}

static uint32_t nearly_locked(void)
{
    return 1800 + (cells_random(40) == 0);
}

int main(void)
{
    cycle = jittering;
    starts = false;
    CHECK(!jitter_start());
    starts = true;
    CHECK(jitter_start());
    noises_good(jitter_sample);
    cycle = locked;
    noises_bad(jitter_sample);
    cycle = nearly_locked;
    noises_bad(jitter_sample);
    runs = false;
    noises_bad(jitter_sample);
    rcc.BDCR = RCC_BDCR_RTCSEL; /* another clock has been chosen, and stays until the backup domain is reset */
    CHECK(!jitter_start());
    return 0;
}
