/* The low bits of the temperature sensor. */
#include "noise.h"

#include "registers.h"

#define RCGC0_ADC (1u << 16)
#define SEQUENCE_3 (1u << 3) /* the sequence of one sample */
#define SSCTL_TEMPERATURE (1u << 3)
#define SSCTL_SAYS_SO (1u << 2)
#define SSCTL_LAST (1u << 1)
/* Looks at the ADC, which takes 1 us for a sample at the least. */
#define PATIENCE_OF_ADC 100000

int32_t noise_fill(void *context, uint8_t *out, size_t len)
{
    (void)context;
    RCGC0 |= RCGC0_ADC;
    (void)RCGC0; /* three clocks before the first access */
    ADCACTSS = 0;
    ADCEMUX = 0; /* sequences begin when the program says so */
    ADCSSMUX3 = 0;
    ADCSSCTL3 = SSCTL_TEMPERATURE | SSCTL_SAYS_SO | SSCTL_LAST;
    ADCACTSS = SEQUENCE_3;
    for (size_t i = 0; i < len; i++) {
        ADCPSSI = SEQUENCE_3;
        for (int turn = 0; (ADCRIS & SEQUENCE_3) == 0; turn++) {
            if (turn == PATIENCE_OF_ADC) {
                return -1;
            }
        }
        ADCISC = SEQUENCE_3;
        out[i] = (uint8_t)ADCSSFIFO3;
    }
    return 0;
}
