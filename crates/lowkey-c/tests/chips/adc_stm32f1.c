/* A model of an STM32F1's ADC: it is started when it is switched on for a second time, and converts what its input has
 * at the moment. */
#include "noises.h"
#include "sources.h"
#include "stm32f1xx.h"

static ADC_TypeDef adc;
static RCC_TypeDef rcc;
static bool is_calibrating, converts = true;
static uint32_t was; /* CR2 at the look before */
static uint32_t (*input)(void);

ADC_TypeDef *adc_model(void)
{
    CHECK((rcc.APB2ENR & RCC_APB2ENR_ADC1EN) != 0);
    if ((adc.CR2 & ADC_CR2_CAL) != 0) {
        is_calibrating = !is_calibrating;
        adc.CR2 &= is_calibrating ? ~0u : ~ADC_CR2_CAL;
    }
    was = adc.CR2;
    if (was != 0 && converts) {
        adc.SR = ADC_SR_EOC;
        adc.DR = input();
    }
    return &adc;
}

RCC_TypeDef *rcc_model(void)
{
    return &rcc;
}

static uint32_t noisy(void)
{
    return 1750 + cells_random(3);
}

static uint32_t stuck(void)
{
    return 1750;
}

static uint32_t nearly_stuck(void)
{
    return 1750 + (cells_random(40) == 0);
}

int main(void)
{
    input = noisy;
    CHECK(adc_start());
    CHECK(adc.SQR3 == 16 && (adc.CR2 & ADC_CR2_TSVREFE) != 0);
    noises_good(adc_sample);
    input = stuck;
    noises_bad(adc_sample);
    input = nearly_stuck;
    noises_bad(adc_sample);
    converts = false;
    adc.SR = 0;
    noises_bad(adc_sample);
    return 0;
}
