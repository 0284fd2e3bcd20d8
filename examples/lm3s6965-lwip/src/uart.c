/* UART0 as a line of text. */
#include "uart.h"

#include "board.h"
#include "registers.h"

#define BAUD 115200u
/* The divisor of a clock sixteen times the baud rate, in 1/64: 50 MHz gives 27 + 8/64, 0.006 % off. */
#define DIVISOR_64THS ((CLOCK_HZ * 4u + BAUD / 2u) / BAUD)
#define RCGC1_UART0 (1u << 0)
#define RCGC2_GPIOA (1u << 0)
#define PINS 3u /* PA0 (receive) and PA1 (send) */
#define FR_RECEIVED_NONE (1u << 4)
#define FR_SEND_FULL (1u << 5)
#define LCRH_FIFO (1u << 4)
#define LCRH_8_BITS (3u << 5)
#define CTL_ENABLE (1u << 0)
#define CTL_SEND (1u << 8)
#define CTL_RECEIVE (1u << 9)

static const char digits[] = "0123456789abcdef";

static void say(char character)
{
    while ((UARTFR & FR_SEND_FULL) != 0) {
    }
    UARTDR = (uint8_t)character;
}

void uart_start(void)
{
    RCGC1 |= RCGC1_UART0;
    RCGC2 |= RCGC2_GPIOA;
    /* The data sheet wants three clocks between gating and the first access; a read back takes longer. */
    (void)RCGC2;
    GPIOA_AFSEL |= PINS;
    GPIOA_DEN |= PINS;
    UARTCTL = 0;
    UARTIBRD = DIVISOR_64THS / 64u;
    UARTFBRD = DIVISOR_64THS % 64u;
    UARTLCRH = LCRH_8_BITS | LCRH_FIFO;
    UARTCTL = CTL_ENABLE | CTL_SEND | CTL_RECEIVE;
}

void uart_text(const char *text)
{
    while (*text != '\0') {
        say(*text++);
    }
}

void uart_characters(const char *characters, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        say(characters[i]);
    }
}

void uart_number(uint32_t number)
{
    char reversed[10];
    size_t len = 0;
    do {
        reversed[len++] = digits[number % 10u];
        number /= 10u;
    } while (number > 0);
    while (len > 0) {
        say(reversed[--len]);
    }
}

void uart_hex(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        say(digits[bytes[i] >> 4]);
        say(digits[bytes[i] & 15u]);
    }
}

void uart_end(void)
{
    uart_text("\r\n");
}

size_t uart_read_line(char *line, size_t capacity)
{
    size_t len = 0;
    for (;;) {
        while ((UARTFR & FR_RECEIVED_NONE) != 0) {
        }
        const char character = (char)(UARTDR & 0xFFu);
        if (character == '\n') {
            return len;
        }
        if (character != '\r' && len < capacity) {
            line[len++] = character;
        }
    }
}
