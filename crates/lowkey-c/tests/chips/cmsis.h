/* What the drivers name of a Cortex-M's own, for every chip. */
#ifndef CMSIS_H
#define CMSIS_H

#include <stdint.h>

#define __DSB() ((void)0)
#define __ISB() ((void)0)

typedef struct {
    volatile uint32_t CCR;
} SCB_Type;

extern SCB_Type scb_model;
#define SCB (&scb_model)
#define SCB_CCR_BFHFNMIGN_Msk (1u << 8)

uint32_t __get_FAULTMASK(void);
void __set_FAULTMASK(uint32_t mask);
void SCB_InvalidateDCache_by_Addr(uint32_t *address, int32_t len);

#endif
