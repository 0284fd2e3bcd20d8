/* What is named of CMSIS for the STM32H5's flash (RM0481). */
#ifndef STM32H5XX_H
#define STM32H5XX_H

#include "icache.h"

typedef struct {
    volatile uint32_t ACR, NSKEYR, NSSR, NSCR, NSCCR, ECCDETR;
} FLASH_TypeDef;

#define FLASH_SR_BSY (1u << 0)
#define FLASH_SR_WBNE (1u << 1)
#define FLASH_SR_DBNE (1u << 3)
#define FLASH_SR_EOP (1u << 16)
#define FLASH_SR_WRPERR (1u << 17)
#define FLASH_SR_PGSERR (1u << 18)
#define FLASH_SR_STRBERR (1u << 19)
#define FLASH_SR_INCERR (1u << 20)
#define FLASH_CCR_CLR_EOP FLASH_SR_EOP
#define FLASH_CCR_CLR_WRPERR FLASH_SR_WRPERR
#define FLASH_CCR_CLR_PGSERR FLASH_SR_PGSERR
#define FLASH_CCR_CLR_STRBERR FLASH_SR_STRBERR
#define FLASH_CCR_CLR_INCERR FLASH_SR_INCERR
#define FLASH_CR_LOCK (1u << 0)
#define FLASH_CR_PG (1u << 1)
#define FLASH_CR_SER (1u << 2)
#define FLASH_CR_START (1u << 5)
#define FLASH_CR_SNB_Pos 6u
#define FLASH_CR_BKSEL (1u << 31)
#define FLASH_ECCR_ECCD (1u << 31)

/* The registers, after what was done to them before has had its effect. */
FLASH_TypeDef *flash_model(void);

#define FLASH (flash_model())

/* For the model. */
#define CHIP_UNIT 16u
#define CHIP_ERASES 8192u
#define CHIP_LOG 0x081FC000u
#define CHIP_KIND CELLS_TRUSTING
#define CHIP_REFUSED FLASH_SR_PGSERR
#define CHIP_ERASE (FLASH_CR_SER | FLASH_CR_BKSEL)
#define CHIP_START FLASH_CR_START
#define CHIP_ERASED(r, cr) (0x08100000u + ((cr) >> FLASH_CR_SNB_Pos & 0x7Fu) * 8192u)
#define CHIP_INSTRUCTION_CACHE
#define CHIP_ECC ECCDETR
#define CHIP_KEY NSKEYR
#define CHIP_STATUS NSSR
#define CHIP_CONTROL NSCR
#define CHIP_CLEAR NSCCR

#endif
