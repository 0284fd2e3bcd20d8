/* Noise of an STM32F1's ADC (RM0008 §11): the lowest bits of what its own temperature sensor gives. Nothing needs to be
 * connected. A sample takes 28 µs with an ADC clock of 9 MHz. */
#include "sources.h"
#include "stm32f1xx.h"

#define LIMIT 100000u /* looks at a flag, before the ADC is given up */
#define SENSOR 16u

bool adc_start(void)
{
    RCC->APB2ENR |= RCC_APB2ENR_ADC1EN; /* and ADCPRE: at most 14 MHz */
    ADC1->CR2 = ADC_CR2_ADON | ADC_CR2_TSVREFE;
    ADC1->SMPR1 = ADC_SMPR1_SMP16; /* 239.5 cycles */
    ADC1->SQR1 = 0;
    ADC1->SQR3 = SENSOR;
    for (volatile uint32_t i = 0; i < 1000; i++) { /* it settles */
    }
    ADC1->CR2 |= ADC_CR2_CAL;
    for (uint32_t looks = 0; (ADC1->CR2 & ADC_CR2_CAL) != 0; looks++) {
        if (looks == LIMIT) {
            return false;
        }
    }
    return true;
}

bool adc_sample(uint8_t *sample)
{
    ADC1->CR2 |= ADC_CR2_ADON; /* it is on: this converts */
    for (uint32_t looks = 0; (ADC1->SR & ADC_SR_EOC) == 0; looks++) {
        if (looks == LIMIT) {
            return false;
        }
    }
    *sample = (uint8_t)ADC1->DR; /* the low byte; it also clears EOC */
    return true;
}
