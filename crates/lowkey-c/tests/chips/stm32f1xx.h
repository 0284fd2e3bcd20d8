/* What is named of CMSIS for the STM32F1's flash (PM0075) and the sources of noise (RM0008). */
#ifndef STM32F1XX_H
#define STM32F1XX_H

#include "cmsis.h"

typedef struct {
    volatile uint32_t ACR, KEYR, OPTKEYR, SR, CR, AR;
} FLASH_TypeDef;

#define FLASH_SR_BSY (1u << 0)
#define FLASH_SR_PGERR (1u << 2)
#define FLASH_SR_WRPRTERR (1u << 4)
#define FLASH_SR_EOP (1u << 5)
#define FLASH_CR_PG (1u << 0)
#define FLASH_CR_PER (1u << 1)
#define FLASH_CR_STRT (1u << 6)
#define FLASH_CR_LOCK (1u << 7)

/* The registers, after what was done to them before has had its effect. */
FLASH_TypeDef *flash_model(void);

#define FLASH (flash_model())

typedef struct {
    volatile uint32_t SR, CR1, CR2, SMPR1, SQR1, SQR3, DR;
} ADC_TypeDef;

typedef struct {
    volatile uint32_t APB2ENR, APB1ENR, BDCR, CSR;
} RCC_TypeDef;

typedef struct {
    volatile uint32_t CR;
} PWR_TypeDef;

typedef struct {
    volatile uint32_t DIVL;
} RTC_TypeDef;

typedef struct {
    volatile uint32_t VAL;
} SysTick_Type;

ADC_TypeDef *adc_model(void);
RCC_TypeDef *rcc_model(void);
PWR_TypeDef *pwr_model(void);
RTC_TypeDef *rtc_model(void);
SysTick_Type *systick_model(void);

#define ADC1 (adc_model())
#define RCC (rcc_model())
#define PWR (pwr_model())
#define RTC (rtc_model())
#define SysTick (systick_model())
#define ADC_SR_EOC (1u << 1)
#define ADC_CR2_ADON (1u << 0)
#define ADC_CR2_CAL (1u << 2)
#define ADC_CR2_TSVREFE (1u << 23)
#define ADC_SMPR1_SMP16 (7u << 18)
#define RCC_APB2ENR_ADC1EN (1u << 9)
#define RCC_APB1ENR_BKPEN (1u << 27)
#define RCC_APB1ENR_PWREN (1u << 28)
#define RCC_BDCR_RTCSEL (3u << 8)
#define RCC_BDCR_RTCSEL_LSI (1u << 9)
#define RCC_BDCR_RTCEN (1u << 15)
#define RCC_CSR_LSION (1u << 0)
#define RCC_CSR_LSIRDY (1u << 1)
#define PWR_CR_DBP (1u << 8)

/* For the model. */
#define CHIP_UNIT 2u
#define CHIP_ERASES 2048u
#define CHIP_LOG 0x0803F000u
#define CHIP_KIND CELLS_REFUSING
#define CHIP_REFUSED FLASH_SR_PGERR
#define CHIP_ERASE FLASH_CR_PER
#define CHIP_START FLASH_CR_STRT
#define CHIP_ERASED(r, cr) ((r).AR)

#endif
