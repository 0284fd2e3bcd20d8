/* What is named of CMSIS for the STM32L4's and the G4's flash and generator (RM0394). */
#ifndef STM32L4XX_H
#define STM32L4XX_H

#include "cmsis.h"

typedef struct {
    volatile uint32_t ACR, PDKEYR, KEYR, OPTKEYR, SR, CR, ECCR;
} FLASH_TypeDef;

#define FLASH_ACR_DCEN (1u << 10)
#define FLASH_ACR_DCRST (1u << 12)
#define FLASH_SR_EOP (1u << 0)
#define FLASH_SR_OPERR (1u << 1)
#define FLASH_SR_PROGERR (1u << 3)
#define FLASH_SR_WRPERR (1u << 4)
#define FLASH_SR_PGAERR (1u << 5)
#define FLASH_SR_SIZERR (1u << 6)
#define FLASH_SR_PGSERR (1u << 7)
#define FLASH_SR_BSY (1u << 16)
#define FLASH_CR_PG (1u << 0)
#define FLASH_CR_PER (1u << 1)
#define FLASH_CR_PNB_Pos 3u
#define FLASH_CR_STRT (1u << 16)
#define FLASH_CR_LOCK (1u << 31)
#define FLASH_ECCR_ECCIE (1u << 24)
#define FLASH_ECCR_ECCD (1u << 31)

/* The registers, after what was done to them before has had its effect. */
FLASH_TypeDef *flash_model(void);

#define FLASH (flash_model())

typedef struct {
    volatile uint32_t AHB2ENR;
} RCC_TypeDef;

typedef struct {
    volatile uint32_t CR, SR, DR;
} RNG_TypeDef;

RCC_TypeDef *rcc_model(void);
RNG_TypeDef *rng_model(void);

#define RCC (rcc_model())
#define RNG (rng_model())
#define RCC_AHB2ENR_RNGEN (1u << 18)
#define RNG_CR_RNGEN (1u << 2)
#ifdef RNG_WITH_CONDITIONER
#define RNG_CR_CONDRST (1u << 30)
#endif
#define RNG_SR_DRDY (1u << 0)
#define RNG_SR_CECS (1u << 1)
#define RNG_SR_SECS (1u << 2)
#define RNG_SR_CEIS (1u << 5)
#define RNG_SR_SEIS (1u << 6)

/* For the model. */
#define CHIP_UNIT 8u
#define CHIP_ERASES 2048u
#define CHIP_LOG 0x0803F000u
#define CHIP_KIND CELLS_CODED
#define CHIP_REFUSED FLASH_SR_PROGERR
#define CHIP_ERASE FLASH_CR_PER
#define CHIP_START FLASH_CR_STRT
#define CHIP_ERASED(r, cr) (0x08000000u + ((cr) >> FLASH_CR_PNB_Pos & 0x7Fu) * 2048u)
#define CHIP_DATA_CACHE
#define CHIP_CACHE_CORRUPTS
#define CHIP_ECC ECCR

#endif
