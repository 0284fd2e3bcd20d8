/* The server's address in the key page: `a.b.c.d:port`. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a server is. */
struct address {
    uint8_t ip[4];
    uint16_t port;
};

/* Reads four numbers from 0 to 255 and a port from 1 to 65,535, none with a leading zero, and nothing else. In C the
 * number 010 is eight and in other languages ten or none: a text that has two readings has none here. */
bool address_read(struct address *address, const char *text, size_t len);

#endif
