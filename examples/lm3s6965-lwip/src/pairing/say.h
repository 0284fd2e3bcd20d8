/* Lines on the serial line, whole. */
#ifndef SAY_H
#define SAY_H

#include "lowkey_common.h"

/* Says `text`, and ends the line. */
void say(const char *text);

/* The same of `front` and a status: in words, if the image has them. */
void say_status(const char *front, lowkey_status status);

/* The same of `front`, the fingerprint of a public key, and `back`. */
void say_key(const char *front, const uint8_t key[32], const char *back);

#endif
