/* What is named of CMSIS for the STM32F4's flash (RM0090). */
#ifndef STM32F4XX_H
#define STM32F4XX_H

#include "cmsis.h"

typedef struct {
    volatile uint32_t ACR, KEYR, OPTKEYR, SR, CR, OPTCR;
} FLASH_TypeDef;

#define FLASH_ACR_DCEN (1u << 10)
#define FLASH_ACR_DCRST (1u << 12)
#define FLASH_SR_EOP (1u << 0)
#define FLASH_SR_SOP (1u << 1)
#define FLASH_SR_WRPERR (1u << 4)
#define FLASH_SR_PGAERR (1u << 5)
#define FLASH_SR_PGPERR (1u << 6)
#define FLASH_SR_PGSERR (1u << 7)
#define FLASH_SR_BSY (1u << 16)
#define FLASH_CR_PG (1u << 0)
#define FLASH_CR_SER (1u << 1)
#define FLASH_CR_SNB_Pos 3u
#define FLASH_CR_PSIZE_0 (1u << 8)
#define FLASH_CR_PSIZE_1 (1u << 9)
#define FLASH_CR_STRT (1u << 16)
#define FLASH_CR_LOCK (1u << 31)

/* The registers, after what was done to them before has had its effect. */
FLASH_TypeDef *flash_model(void);

#define FLASH (flash_model())

/* For the model. */
#define CHIP_UNIT 4u
#define CHIP_ERASES 0x4000u
#define CHIP_BANK 4096u
#define CHIP_LOG 0x08004000u
#define CHIP_KIND CELLS_PLAIN
#define CHIP_REFUSED FLASH_SR_PGSERR
#define CHIP_ERASE (FLASH_CR_SER | FLASH_CR_PSIZE_1)
#define CHIP_START FLASH_CR_STRT
#define CHIP_ERASED(r, cr) (0x08000000u + ((cr) >> FLASH_CR_SNB_Pos & 0x1Fu) * 0x4000u)
#define CHIP_WIDE FLASH_CR_PSIZE_1
#define CHIP_DATA_CACHE

#endif
