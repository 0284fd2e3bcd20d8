/* What the C chapter's flash driver names of CMSIS. The controller is a model (flash_model.c). */
#ifndef STM32F1XX_H
#define STM32F1XX_H

#include <stdint.h>

typedef struct {
    volatile uint32_t ACR, KEYR, OPTKEYR, SR, CR, AR;
} FLASH_TypeDef;

/* The registers, after what was done to them before has had its effect. */
FLASH_TypeDef *flash_model(void);

#define FLASH (flash_model())
#define FLASH_SR_BSY (1u << 0)
#define FLASH_SR_PGERR (1u << 2)
#define FLASH_SR_WRPRTERR (1u << 4)
#define FLASH_SR_EOP (1u << 5)
#define FLASH_CR_PG (1u << 0)
#define FLASH_CR_PER (1u << 1)
#define FLASH_CR_STRT (1u << 6)
#define FLASH_CR_LOCK (1u << 7)

#endif
