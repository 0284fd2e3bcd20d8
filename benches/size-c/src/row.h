/* What a program measures. */
#ifndef ROW_H
#define ROW_H

#include <stdbool.h>
#include <stdint.h>

/* Does it; whether it went as recorded. */
bool row_run(void);

/* Bytes of what it has for each channel, 0 if it has none. */
extern const uint32_t row_context;

#endif
