/* What a program has of its own for lwipopts.h. */
#include <stdint.h>

uint32_t entropy_word(void);
