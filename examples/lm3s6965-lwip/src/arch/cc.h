/* What lwIP asks of compiler and board (its doc/sys_arch.txt): GCC for a little-endian Arm. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include "entropy.h"
#include "halt.h"

#define BYTE_ORDER LITTLE_ENDIAN

/* Without its text, an assertion costs a comparison: we can afford to keep them. */
#define LWIP_PLATFORM_ASSERT(text) halt_assertion()
#define LWIP_PLATFORM_DIAG(text)

/* Where local ports begin. */
#define LWIP_RAND() entropy_word()

#endif
