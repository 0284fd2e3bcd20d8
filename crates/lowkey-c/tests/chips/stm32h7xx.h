/* What is named of CMSIS for the STM32H7's flash (RM0433). */
#ifndef STM32H7XX_H
#define STM32H7XX_H

#include "cmsis.h"

typedef struct {
    volatile uint32_t ACR, KEYR2, SR2, CR2, CCR2;
} FLASH_TypeDef;

#define FLASH_SR_BSY (1u << 0)
#define FLASH_SR_WBNE (1u << 1)
#define FLASH_SR_QW (1u << 2)
#define FLASH_SR_EOP (1u << 16)
#define FLASH_SR_WRPERR (1u << 17)
#define FLASH_SR_PGSERR (1u << 18)
#define FLASH_SR_STRBERR (1u << 19)
#define FLASH_SR_INCERR (1u << 21)
#define FLASH_SR_OPERR (1u << 22)
#define FLASH_SR_DBECCERR (1u << 26)
#define FLASH_CCR_CLR_EOP FLASH_SR_EOP
#define FLASH_CCR_CLR_WRPERR FLASH_SR_WRPERR
#define FLASH_CCR_CLR_PGSERR FLASH_SR_PGSERR
#define FLASH_CCR_CLR_STRBERR FLASH_SR_STRBERR
#define FLASH_CCR_CLR_INCERR FLASH_SR_INCERR
#define FLASH_CCR_CLR_OPERR FLASH_SR_OPERR
#define FLASH_CCR_CLR_DBECCERR FLASH_SR_DBECCERR
#define FLASH_CR_LOCK (1u << 0)
#define FLASH_CR_PG (1u << 1)
#define FLASH_CR_SER (1u << 2)
#define FLASH_CR_PSIZE_1 (1u << 5)
#define FLASH_CR_START (1u << 7)
#define FLASH_CR_SNB_Pos 8u

/* The registers, after what was done to them before has had its effect. */
FLASH_TypeDef *flash_model(void);

#define FLASH (flash_model())

/* For the model. */
#define CHIP_UNIT 32u
#define CHIP_ERASES 0x20000u
#define CHIP_BANK 8192u
#define CHIP_LOG 0x081C0000u
#define CHIP_KIND CELLS_TRUSTING
#define CHIP_REFUSED FLASH_SR_PGSERR
#define CHIP_ERASE (FLASH_CR_SER | FLASH_CR_PSIZE_1)
#define CHIP_START FLASH_CR_START
#define CHIP_ERASED(r, cr) (0x08100000u + ((cr) >> FLASH_CR_SNB_Pos & 7u) * 0x20000u)
#define CHIP_WIDE FLASH_CR_PSIZE_1
#define CHIP_L1_CACHE
#define CHIP_BUS_FAULT FLASH_SR_DBECCERR
#define CHIP_KEY KEYR2
#define CHIP_STATUS SR2
#define CHIP_CONTROL CR2
#define CHIP_CLEAR CCR2

#endif
