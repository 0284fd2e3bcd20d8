/* Every register this firmware touches, by the data sheet's name (Stellaris LM3S6965, DS-LM3S6965). */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* System control: clock tree and gating. */
#define RIS REGISTER(0x400FE050u)
#define RCC REGISTER(0x400FE060u)
#define RCGC0 REGISTER(0x400FE100u)
#define RCGC1 REGISTER(0x400FE104u)
#define RCGC2 REGISTER(0x400FE108u)
#define USER0 REGISTER(0x400FE1E0u)
#define USER1 REGISTER(0x400FE1E4u)

/* Flash controller. FMA and FMC can change the program itself: flash.c checks each address. */
#define FMA REGISTER(0x400FD000u)
#define FMD REGISTER(0x400FD004u)
#define FMC REGISTER(0x400FD008u)
#define USECRL REGISTER(0x400FE140u)

/* GPIO ports A (UART0's pins), E (a button) and F (another, and the Ethernet lamps). A port's data is read through an
 * address that says which pins. */
#define GPIOA_AFSEL REGISTER(0x40004420u)
#define GPIOA_DEN REGISTER(0x4000451Cu)
#define GPIOF_AFSEL REGISTER(0x40025420u)
#define GPIOF_DEN REGISTER(0x4002551Cu)
#define GPIOE_PE1 REGISTER(0x40024008u)
#define GPIOE_PUR REGISTER(0x40024510u)
#define GPIOE_DEN REGISTER(0x4002451Cu)
#define GPIOF_PF1 REGISTER(0x40025008u)
#define GPIOF_PUR REGISTER(0x40025510u)

/* UART0. */
#define UARTDR REGISTER(0x4000C000u)
#define UARTFR REGISTER(0x4000C018u)
#define UARTIBRD REGISTER(0x4000C024u)
#define UARTFBRD REGISTER(0x4000C028u)
#define UARTLCRH REGISTER(0x4000C02Cu)
#define UARTCTL REGISTER(0x4000C030u)

/* General-purpose timer 0. */
#define GPTMCFG REGISTER(0x40030000u)
#define GPTMTAMR REGISTER(0x40030004u)
#define GPTMCTL REGISTER(0x4003000Cu)
#define GPTMIMR REGISTER(0x40030018u)
#define GPTMICR REGISTER(0x40030024u)
#define GPTMTAILR REGISTER(0x40030028u)

/* ADC, its sequence of one sample. */
#define ADCACTSS REGISTER(0x40038000u)
#define ADCRIS REGISTER(0x40038004u)
#define ADCISC REGISTER(0x4003800Cu)
#define ADCEMUX REGISTER(0x40038014u)
#define ADCPSSI REGISTER(0x40038028u)
#define ADCSSMUX3 REGISTER(0x400380A0u)
#define ADCSSCTL3 REGISTER(0x400380A4u)
#define ADCSSFIFO3 REGISTER(0x400380A8u)

/* Ethernet controller. */
#define MACRIS REGISTER(0x40048000u)
#define MACIM REGISTER(0x40048004u)
#define MACRCTL REGISTER(0x40048008u)
#define MACTCTL REGISTER(0x4004800Cu)
#define MACDATA REGISTER(0x40048010u)
#define MACIA0 REGISTER(0x40048014u)
#define MACIA1 REGISTER(0x40048018u)
#define MACTHR REGISTER(0x4004801Cu)
#define MACNP REGISTER(0x40048034u)
#define MACTR REGISTER(0x40048038u)

/* The core: SysTick, the interrupt controller, the vector that is active. */
#define SYST_CSR REGISTER(0xE000E010u)
#define SYST_RVR REGISTER(0xE000E014u)
#define SYST_CVR REGISTER(0xE000E018u)
#define NVIC_ISER0 REGISTER(0xE000E100u)
#define NVIC_ISER1 REGISTER(0xE000E104u)
#define SCB_ICSR REGISTER(0xE000ED04u)

#endif
