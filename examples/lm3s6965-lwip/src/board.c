/* The clock tree: 50 MHz from the crystal. */
#include "board.h"

#include "registers.h"

#define RCC_MOSCDIS (1u << 0)
#define RCC_OSCSRC (3u << 4)
#define RCC_XTAL (0xFu << 6)
#define RCC_XTAL_8_MHZ (0xEu << 6) /* the evaluation board's crystal */
#define RCC_BYPASS (1u << 11)
#define RCC_PWRDN (1u << 13)
#define RCC_USESYSDIV (1u << 22)
#define RCC_SYSDIV (0xFu << 23)
#define RCC_SYSDIV_4 (3u << 23)
#define RIS_PLL_LOCKED (1u << 6)

/* 200 MHz from the PLL, divided by four (data sheet 5.2.4.4, "Clock configuration": this order and no other).
 *
 * QEMU has no PLL: it takes 200 MHz for granted and divides by SYSDIV + 1 as well. */
void board_start(void)
{
    uint32_t rcc = (RCC & ~RCC_USESYSDIV) | RCC_BYPASS;
    RCC = rcc;
    rcc = (rcc & ~(RCC_XTAL | RCC_OSCSRC | RCC_PWRDN | RCC_MOSCDIS)) | RCC_XTAL_8_MHZ;
    RCC = rcc;
    rcc = (rcc & ~RCC_SYSDIV) | RCC_SYSDIV_4 | RCC_USESYSDIV;
    RCC = rcc;
    /* It locks within 0.5 ms. A PLL that never does is a broken board: better slow than silent. */
    for (int turn = 0; turn < 32768 && (RIS & RIS_PLL_LOCKED) == 0; turn++) {
    }
    RCC = rcc & ~RCC_BYPASS;
}
