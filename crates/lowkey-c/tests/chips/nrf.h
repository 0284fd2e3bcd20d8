/* What is named of the MDK for an nRF52's NVMC and RNG. */
#ifndef NRF_H
#define NRF_H

#include "cmsis.h"

typedef struct {
    volatile uint32_t READY, CONFIG, ERASEPAGE;
} NRF_NVMC_Type;

NRF_NVMC_Type *nvmc_model(void);

#define NRF_NVMC (nvmc_model())
#define NVMC_READY_READY_Ready 1u
#define NVMC_CONFIG_WEN_Pos 0u
#define NVMC_CONFIG_WEN_Ren 0u
#define NVMC_CONFIG_WEN_Wen 1u
#define NVMC_CONFIG_WEN_Een 2u

typedef struct {
    volatile uint32_t TASKS_START, EVENTS_VALRDY, CONFIG, VALUE;
} NRF_RNG_Type;

NRF_RNG_Type *rng_model(void);

#define NRF_RNG (rng_model())
#define RNG_CONFIG_DERCEN_Pos 0u
#define RNG_CONFIG_DERCEN_Enabled 1u

#endif
