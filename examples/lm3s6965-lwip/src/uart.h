/* Lines of text on UART0 (115,200 baud, 8N1), for people and tests to read. A line is said in pieces:
 *
 *     uart_text("stack "); uart_number(1640); uart_text(" B"); uart_end();
 *
 * No printf: it would cost kilobytes of flash. Each call waits while the hardware's 16-byte FIFO is full. */
#ifndef UART_H
#define UART_H

#include <stddef.h>
#include <stdint.h>

/* Powers UART0 and its pins. */
void uart_start(void);

/* Says `text` as it is. */
void uart_text(const char *text);

/* Says `len` characters. */
void uart_characters(const char *characters, size_t len);

/* Says `number` in decimal digits. */
void uart_number(uint32_t number);

/* Says `len` bytes in hexadecimal, two lower-case digits each. */
void uart_hex(const uint8_t *bytes, size_t len);

/* Ends the line. */
void uart_end(void);

/* Waits for a line and puts its front into `line`; returns how many bytes that were, without its end. */
size_t uart_read_line(char *line, size_t capacity);

#endif
