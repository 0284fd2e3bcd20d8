/* What is named of CMSIS for the instruction cache of an STM32H5 and U5. */
#ifndef ICACHE_H
#define ICACHE_H

#include "cmsis.h"

typedef struct {
    volatile uint32_t CR, SR, IER, FCR;
} ICACHE_TypeDef;

ICACHE_TypeDef *icache_model(void);

#define ICACHE (icache_model())
#define ICACHE_CR_EN (1u << 0)
#define ICACHE_CR_CACHEINV (1u << 1)
#define ICACHE_SR_BUSYF (1u << 0)
#define ICACHE_FCR_CBSYENDF (1u << 1)

#endif
