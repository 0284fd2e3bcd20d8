/* What is named of CMSIS for the STM32U5's flash (RM0456). */
#ifndef STM32U5XX_H
#define STM32U5XX_H

#include "icache.h"

typedef struct {
    volatile uint32_t ACR, NSKEYR, NSSR, NSCR, ECCR;
} FLASH_TypeDef;

#define FLASH_NSSR_EOP (1u << 0)
#define FLASH_NSSR_OPERR (1u << 1)
#define FLASH_NSSR_PROGERR (1u << 3)
#define FLASH_NSSR_WRPERR (1u << 4)
#define FLASH_NSSR_PGAERR (1u << 5)
#define FLASH_NSSR_SIZERR (1u << 6)
#define FLASH_NSSR_PGSERR (1u << 7)
#define FLASH_NSSR_BSY (1u << 16)
#define FLASH_NSSR_WDW (1u << 17)
#define FLASH_NSCR_PG (1u << 0)
#define FLASH_NSCR_PER (1u << 1)
#define FLASH_NSCR_PNB_Pos 3u
#define FLASH_NSCR_BKER (1u << 11)
#define FLASH_NSCR_STRT (1u << 16)
#define FLASH_NSCR_LOCK (1u << 31)
#define FLASH_ECCR_ECCIE (1u << 24)
#define FLASH_ECCR_ECCD (1u << 31)

/* The registers, after what was done to them before has had its effect. */
FLASH_TypeDef *flash_model(void);

#define FLASH (flash_model())

/* For the model. */
#define CHIP_UNIT 16u
#define CHIP_ERASES 8192u
#define CHIP_LOG 0x081FC000u
#define CHIP_KIND CELLS_CODED
#define CHIP_REFUSED FLASH_NSSR_PROGERR
#define CHIP_ERASE (FLASH_NSCR_PER | FLASH_NSCR_BKER)
#define CHIP_START FLASH_NSCR_STRT
#define CHIP_ERASED(r, cr) (0x08100000u + ((cr) >> FLASH_NSCR_PNB_Pos & 0x7Fu) * 8192u)
#define CHIP_INSTRUCTION_CACHE
#define CHIP_ECC ECCR
#define CHIP_KEY NSKEYR
#define CHIP_STATUS NSSR
#define CHIP_CONTROL NSCR
#define FLASH_SR_BSY FLASH_NSSR_BSY
#define FLASH_SR_EOP FLASH_NSSR_EOP
#define FLASH_CR_LOCK FLASH_NSCR_LOCK
#define FLASH_CR_PG FLASH_NSCR_PG

#endif
