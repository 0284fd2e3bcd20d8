/* Secrets of a program: drawn from the system, read without a copy that stays, wiped. */
#ifndef SECRETS_H
#define SECRETS_H

#include <stddef.h>
#include <stdint.h>

/* Fills `out` with random bytes of the system; a lowkey_random. */
int32_t secrets_draw(void *context, uint8_t *out, size_t len);

/* Reads the front of a file, at most `max` bytes. NULL, or what is wrong, for people. */
const char *secrets_read(const char *file, void *bytes, size_t max, size_t *len);

/* A memset that the compiler leaves where it is, though nobody reads the bytes any more. */
void secrets_wipe(void *bytes, size_t len);

#endif
